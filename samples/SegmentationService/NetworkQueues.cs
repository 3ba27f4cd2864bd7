using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>The queues of all networks of the configuration, which are opened when the service starts. Well as long as the thread of each runs.</summary>
internal sealed class NetworkQueues : IHealthCheck, IDisposable
{
    public NetworkQueues(IOptions<ServiceOptions> options, SegmenterOpener open)
    {
        List<NetworkQueue> opened = [];
        All = opened;
        try
        {
            foreach ((string name, string path) in options.Value.Models)
                opened.Add(new NetworkQueue(name, () => open(path, options.Value.Threads), options.Value.Waiting));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<NetworkQueue> All { get; }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string[] ended = [.. All.Where(queue => !queue.IsAlive).Select(queue => queue.Name)];
        return Task.FromResult(ended.Length == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"The thread of {string.Join(", ", ended)} has ended: start the service again."));
    }

    public void Dispose()
    {
        foreach (NetworkQueue queue in All)
            queue.Dispose();
    }
}
