using KnowledgeDistillation.Medical.Nifti;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace KnowledgeDistillation.Samples.SegmentationService.Tests;

/// <summary>The service in this process, with one network under the name "student".</summary>
internal sealed class Service : IDisposable
{
    private readonly WebApplicationFactory<NetworkQueue> _factory;

    /// <summary>Starts it.</summary>
    /// <param name="model">The network.</param>
    /// <param name="settings">What the configuration says besides.</param>
    /// <param name="open">How the network is opened, where not as usual.</param>
    public Service(string model, (string Name, string Value)[]? settings = null, SegmenterOpener? open = null)
    {
        _factory = new WebApplicationFactory<NetworkQueue>().WithWebHostBuilder(host =>
        {
            host.UseSetting("Segmentation:Models:student", model);
            host.UseSetting("Segmentation:Threads", "1");
            foreach ((string name, string value) in settings ?? [])
                host.UseSetting($"Segmentation:{name}", value);
            if (open is not null)
                host.ConfigureTestServices(services => services.AddSingleton(open));
        });
        Client = _factory.CreateClient();
    }

    public HttpClient Client { get; }

    /// <summary>Waits until so many requests have a place.</summary>
    public async Task UntilRequests(int count)
    {
        NetworkQueue queue = _factory.Services.GetRequiredService<NetworkQueues>().All.Single();
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        while (queue.Requests != count)
            await Task.Delay(5, patience.Token);
    }

    /// <summary>A form of files, each in a field.</summary>
    public static MultipartFormDataContent Form(params (string Field, byte[] File)[] files)
    {
        var form = new MultipartFormDataContent();
        foreach ((string field, byte[] file) in files)
            form.Add(new ByteArrayContent(file), field, "Jane-Doe-1970.nii.gz");
        return form;
    }

    public Task<HttpResponseMessage> Segment(HttpContent content, CancellationToken cancellation = default) =>
        Client.PostAsync("/models/student/segmentations", content, cancellation);

    public static async Task<NiftiImage> Image(HttpResponseMessage response) =>
        NiftiImage.Load(new MemoryStream(await response.Content.ReadAsByteArrayAsync()), "the answer");

    public void Dispose()
    {
        Client.Dispose();
        _factory.Dispose();
    }
}
