using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Samples.SegmentationService.Tests;

/// <summary>samples/SegmentationService, asked over HTTP in this process.</summary>
public sealed class SegmentationServiceTests(Networks networks)
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    public enum Kind
    {
        Folder,
        Archive,
        Onnx,
    }

    [Theory]
    [InlineData(Kind.Folder, "t1ce")]
    [InlineData(Kind.Archive, "image")]
    [InlineData(Kind.Onnx, "T1ce")]
    public async Task A_student_answers_what_predict_writes(Kind kind, string field)
    {
        PredictionRow expected = Predict(networks.Folder, networks.PathOf("t1ce"));
        using Service service = new(kind switch { Kind.Folder => networks.Folder, Kind.Archive => networks.Archive, _ => networks.Onnx });

        using HttpResponseMessage response = await service.Segment(Service.Form((field, networks.T1ce)));

        response.StatusCode.Should().Be(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/gzip");
        NiftiImage given = await Service.Image(response), wanted = NiftiImage.Load(expected.Result!);
        int[] labels = wanted.ToLabels().Voxels;
        labels.Distinct().Should().HaveCountGreaterThan(1);
        given.Grid.Should().Be(wanted.Grid);
        // Another engine rounds in another way, where two classes are as good as equal.
        given.ToLabels().Voxels.Zip(labels).Count(pair => pair.First != pair.Second).Should().BeLessThanOrEqualTo(kind == Kind.Onnx ? labels.Length / 1000 : 0);
        Dictionary<string, double> volumes = Volumes(response);
        volumes.Keys.Should().Equal("ET", "TC", "WT");
        foreach (var volume in expected.Volumes)
            volumes[volume.Region].Should().BeApproximately(volume.CubicMillimeters, kind == Kind.Onnx ? 9 : 0.001);
    }

    [Fact]
    public async Task A_network_of_two_modalities_takes_two_files_in_any_order_and_refuses_one()
    {
        using Service service = new(networks.TwoModalities);

        using HttpResponseMessage both = await service.Segment(Service.Form(("flair", networks.Flair), ("t1ce", networks.T1ce)));
        using HttpResponseMessage swapped = await service.Segment(Service.Form(("t1ce", networks.T1ce), ("flair", networks.Flair)));
        using HttpResponseMessage one = await service.Segment(Service.Form(("flair", networks.Flair)));

        using SegmentationEnsemble ensemble = SegmentationEnsemble.Load([networks.TwoModalities]);
        int[] wanted = ensemble.Segment(MedicalDataset.Open(networks.Data).Cases[0]).ToLabels().Voxels;
        (await Service.Image(both)).ToLabels().Voxels.Should().Equal(wanted);
        (await Service.Image(swapped)).ToLabels().Voxels.Should().Equal(wanted);
        await RequireProblem(one, HttpStatusCode.BadRequest, "The form has no file for t1ce: send one NIfTI file in each of the fields t1ce, flair.");
    }

    [Fact]
    public async Task What_is_far_from_the_training_is_answered_with_a_warning()
    {
        using Service service = new(networks.Folder);
        NiftiImage image = NiftiImage.Load(networks.PathOf("t1ce"));
        float[] ct = [.. image.ToVolume().Voxels.Select((value, number) => value == 0 ? 0 : number % 3 == 0 ? -1000f : value)];

        using HttpResponseMessage doubted = await service.Segment(Service.Form(("t1ce", Bytes(image.WithVoxels(new Volume<float>(image.Grid, ct))))));
        using HttpResponseMessage usual = await service.Segment(Service.Form(("t1ce", networks.T1ce)));

        string[] warnings = JsonSerializer.Deserialize<string[]>(doubted.Headers.GetValues(SegmentationEndpoint.WarningsHeader).Single())!;
        warnings.Should().ContainSingle().Which.Should().Contain("CT");
        usual.Headers.Contains(SegmentationEndpoint.WarningsHeader).Should().BeFalse();
    }

    [Fact]
    public async Task Another_modality_is_refused_and_so_is_a_file_too_many()
    {
        using Service service = new(networks.Folder);

        using HttpResponseMessage other = await service.Segment(Service.Form(("flair", networks.Flair)));
        using HttpResponseMessage twice = await service.Segment(Service.Form(("t1ce", networks.T1ce), ("image", networks.Flair)));
        using HttpResponseMessage none = await service.Segment(new MultipartFormDataContent { { new StringContent("no file"), "t1ce" } });
        using HttpResponseMessage empty = await service.Segment(Service.Form());
        using HttpResponseMessage noForm = await service.Segment(new ByteArrayContent(networks.T1ce));

        const string Wanted = "send one NIfTI file in the field 't1ce' or 'image'.";
        await RequireProblem(other, HttpStatusCode.BadRequest, $"The network does not see a field of this name: {Wanted}");
        await RequireProblem(twice, HttpStatusCode.BadRequest, "The form has two files for t1ce: send one.");
        await RequireProblem(none, HttpStatusCode.BadRequest, $"The form has no file for t1ce: {Wanted}");
        await RequireProblem(empty, HttpStatusCode.BadRequest, "The form is empty, damaged or cut off: send it again.");
        await RequireProblem(
            noForm, HttpStatusCode.UnsupportedMediaType, "Send a form (multipart/form-data) with one NIfTI file in the field 't1ce' or 'image'.");
    }

    [Theory]
    [InlineData("empty", "holds 0 bytes")]
    [InlineData("cut off", "cut off")]
    [InlineData("a bit flipped", "damaged")]
    [InlineData("text", "no NIfTI file")]
    [InlineData("two volumes", "holds 2 volumes")]
    [InlineData("nothing but zeros", "t1ce")]
    [InlineData("flat in space", "not invertible")]
    public async Task Damaged_files_are_refused_in_a_sentence(string damage, string expected)
    {
        using Service service = new(networks.Folder);
        byte[] file = networks.T1ce;
        NiftiImage image = NiftiImage.Load(networks.PathOf("t1ce"));
        byte[] sent = damage switch
        {
            "empty" => [],
            "cut off" => file[..(file.Length / 2)],
            "a bit flipped" => [.. file.Select((value, number) => number == file.Length * 2 / 3 ? (byte)(value ^ 8) : value)],
            "text" => [.. Enumerable.Repeat((byte)'a', 5000)],
            "two volumes" => Bytes(NiftiImage.FromVolumes([image.ToVolume(), image.ToVolume()])),
            "nothing but zeros" => Bytes(image.WithVoxels(new Volume<float>(image.Grid, new float[image.Grid.VoxelCount]))),
            _ => Flat(image),
        };

        using HttpResponseMessage response = await service.Segment(Service.Form(("t1ce", sent)));
        using HttpResponseMessage next = await service.Segment(Service.Form(("t1ce", file)));

        await RequireProblem(response, HttpStatusCode.BadRequest, expected);
        next.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Images_that_do_not_lie_on_one_grid_are_refused()
    {
        using Service service = new(networks.TwoModalities);
        NiftiImage image = NiftiImage.Load(networks.PathOf("flair"));
        VolumeSize half = new(image.Grid.Size.X, image.Grid.Size.Y, image.Grid.Size.Z / 2);
        Volume<float> smaller = new(new VolumeGrid(half, image.Grid.Affine), image.ToVolume().Voxels[..half.VoxelCount]);

        using HttpResponseMessage response = await service.Segment(Service.Form(("t1ce", networks.T1ce), ("flair", Bytes(NiftiImage.FromVolume(smaller)))));

        await RequireProblem(response, HttpStatusCode.BadRequest, "must lie on one grid");
    }

    [Fact]
    public async Task A_form_that_is_cut_off_is_refused()
    {
        using Service service = new(networks.Folder);
        MultipartFormDataContent form = Service.Form(("t1ce", networks.T1ce));
        byte[] whole = await form.ReadAsByteArrayAsync();
        ByteArrayContent cut = new(whole[..(whole.Length / 2)]);
        cut.Headers.ContentType = form.Headers.ContentType;

        using HttpResponseMessage response = await service.Segment(cut);

        await RequireProblem(response, HttpStatusCode.BadRequest, "The form is empty, damaged or cut off: send it again.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_that_are_too_large_are_refused(bool chunked)
    {
        using Service service = new(networks.Folder, [("MaxUploadBytes", $"{networks.T1ce.Length}")]);
        MultipartFormDataContent larger = Service.Form(("t1ce", [.. networks.T1ce, 0]));
        using HttpRequestMessage request = new(HttpMethod.Post, "/models/student/segmentations") { Content = larger };
        request.Headers.TransferEncodingChunked = chunked;

        using HttpResponseMessage response = await service.Client.SendAsync(request);

        await RequireProblem(response, HttpStatusCode.RequestEntityTooLarge, "The files are larger than the");
    }

    [Fact]
    public async Task Files_as_large_as_is_allowed_are_taken()
    {
        using Service service = new(networks.Folder, [("MaxUploadBytes", $"{networks.T1ce.Length + 400}")]);

        using HttpResponseMessage response = await service.Segment(Service.Form(("t1ce", networks.T1ce)));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("unpacked")]
    [InlineData("small numbers")]
    [InlineData("large voxels")]
    public async Task An_image_that_takes_too_much_memory_is_refused(string reason)
    {
        const int Most = 1 << 20;
        using Service service = new(networks.OneMillimeter, [("MaxImageBytes", $"{Most}")]);
        byte[] sent = reason switch
        {
            // 2 KiB that become 2 MiB.
            "unpacked" => Zipped(new byte[2 * Most]),
            // 300 KB of one byte each, 1.2 MB as the numbers that a network computes with.
            "small numbers" => Bytes(NiftiImage.FromLabels(Ones(new VolumeSize(100, 100, 30), 1))),
            // 1,000 voxels of 1,000 mm³ each.
            _ => Bytes(NiftiImage.FromLabels(Ones(new VolumeSize(10, 10, 10), 10))),
        };
        sent.Length.Should().BeLessThan(Most / 4);

        using HttpResponseMessage response = await service.Segment(Service.Form(("t1ce", sent)));
        using HttpResponseMessage usual = await service.Segment(Service.Form(("t1ce", Bytes(NiftiImage.FromLabels(Ones(new VolumeSize(10, 10, 10), 1))))));

        await RequireProblem(response, HttpStatusCode.RequestEntityTooLarge, "The image of t1ce takes more than the 1,048,576 bytes that one image may");
        usual.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_full_queue_says_when_to_come_back()
    {
        using SemaphoreSlim arrived = new(0), gate = new(0);
        using Service service = new(networks.Folder, [("Waiting", "1")], (path, threads) => new GatedSegmenter(Segmenter.Open(path, threads), arrived, gate));
        Task<HttpResponseMessage> computed = service.Segment(Service.Form(("t1ce", networks.T1ce)));
        (await arrived.WaitAsync(Long)).Should().BeTrue();
        Task<HttpResponseMessage> waiting = service.Segment(Service.Form(("t1ce", networks.T1ce)));
        await service.UntilRequests(2);

        using HttpResponseMessage full = await service.Segment(Service.Form(("t1ce", networks.T1ce)));

        await RequireProblem(full, HttpStatusCode.ServiceUnavailable, "As many requests as may wait for this network do: try again later.");
        full.Headers.RetryAfter!.Delta.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
        gate.Release(3);
        (await computed).StatusCode.Should().Be(HttpStatusCode.OK);
        (await waiting).StatusCode.Should().Be(HttpStatusCode.OK);
        (await service.Segment(Service.Form(("t1ce", networks.T1ce)))).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_that_goes_away_while_it_is_computed_stops_the_computation()
    {
        using SemaphoreSlim arrived = new(0), gate = new(0);
        using Service service = new(networks.Folder, [("Waiting", "0")], (path, threads) => new GatedSegmenter(Segmenter.Open(path, threads), arrived, gate));
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> computed = service.Segment(Service.Form(("t1ce", networks.T1ce)), gone.Token);
        (await arrived.WaitAsync(Long)).Should().BeTrue();

        await gone.CancelAsync();

        await FluentActions.Awaiting(() => computed).Should().ThrowAsync<OperationCanceledException>();
        // The gate was never opened for it: only a computation that was stopped makes room.
        await service.UntilRequests(0);
        gate.Release();
        using HttpResponseMessage next = await service.Segment(Service.Form(("t1ce", networks.T1ce)));
        next.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_that_goes_away_while_it_waits_is_never_computed_and_makes_room_at_once()
    {
        using SemaphoreSlim arrived = new(0), gate = new(0);
        using Service service = new(networks.Folder, [("Waiting", "1")], (path, threads) => new GatedSegmenter(Segmenter.Open(path, threads), arrived, gate));
        Task<HttpResponseMessage> computed = service.Segment(Service.Form(("t1ce", networks.T1ce)));
        (await arrived.WaitAsync(Long)).Should().BeTrue();
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> waiting = service.Segment(Service.Form(("t1ce", networks.T1ce)), gone.Token);
        await service.UntilRequests(2);

        await gone.CancelAsync();

        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
        await service.UntilRequests(1);
        Task<HttpResponseMessage> third = service.Segment(Service.Form(("t1ce", networks.T1ce)));
        await service.UntilRequests(2);
        gate.Release(2);
        (await computed).StatusCode.Should().Be(HttpStatusCode.OK);
        (await third).StatusCode.Should().Be(HttpStatusCode.OK);
        arrived.CurrentCount.Should().Be(1, "the first was counted away, the second was never computed");
    }

    [Fact]
    public async Task It_is_well_and_says_so()
    {
        using Service service = new(networks.Folder);

        using HttpResponseMessage response = await service.Client.GetAsync("/health");

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).Should().Be("Healthy");
    }

    [Fact]
    public async Task It_describes_itself()
    {
        using Service service = new(networks.TwoModalities);

        using JsonDocument document = JsonDocument.Parse(await service.Client.GetStringAsync("/openapi/v1.json"));

        JsonElement post = document.RootElement.GetProperty("paths").GetProperty("/models/student/segmentations").GetProperty("post");
        JsonElement form = post.GetProperty("requestBody").GetProperty("content").GetProperty("multipart/form-data").GetProperty("schema");
        form.GetProperty("properties").EnumerateObject().Select(property => property.Name).Should().Equal("t1ce", "flair");
        form.GetProperty("required").EnumerateArray().Select(name => name.GetString()).Should().BeEquivalentTo("t1ce", "flair");
        JsonElement answers = post.GetProperty("responses");
        answers.EnumerateObject().Select(answer => answer.Name).Should().BeEquivalentTo("200", "400", "413", "415", "503");
        answers.GetProperty("200").GetProperty("content").TryGetProperty("application/gzip", out _).Should().BeTrue();
        answers.GetProperty("200").GetProperty("headers").EnumerateObject().Select(header => header.Name)
            .Should().Equal(SegmentationEndpoint.VolumesHeader, SegmentationEndpoint.WarningsHeader);
    }

    [Fact]
    public async Task A_network_that_is_not_there_is_not_found()
    {
        using Service service = new(networks.Folder);

        using HttpResponseMessage response = await service.Client.PostAsync("/models/other/segmentations", Service.Form(("t1ce", networks.T1ce)));

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
    }

    [Fact]
    public void A_configuration_that_makes_no_sense_stops_the_start()
    {
        FluentActions.Invoking(() => new Service(networks.Folder, [("MaxUploadBytes", "-1")])).Should().Throw<Exception>().WithMessage("*MaxUploadBytes*");
        FluentActions.Invoking(() => new Service(networks.Folder + "-missing")).Should().Throw<Exception>().WithMessage("*there is no such folder*");
    }

    private static Dictionary<string, double> Volumes(HttpResponseMessage response) =>
        JsonSerializer.Deserialize<Dictionary<string, double>>(response.Headers.GetValues(SegmentationEndpoint.VolumesHeader).Single())!;

    private static async Task RequireProblem(HttpResponseMessage response, HttpStatusCode status, string sentence)
    {
        string body = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(status, body);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        string detail = JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString()!;
        detail.Should().Contain(sentence).And.EndWith(".");
        body.Should().NotContain("Jane").And.NotContain(Path.GetTempPath()).And.NotContain("Exception");
    }

    private PredictionRow Predict(string model, string image)
    {
        using SegmentationEnsemble ensemble = SegmentationEnsemble.Load([model]);
        PredictionInputs inputs = PredictionInputs.Find([image], ensemble);
        PredictionRow row = FolderPrediction.Run(ensemble, inputs.Cases, inputs.NameResults(networks.Results, [image])).Single();
        row.Error.Should().BeNull();
        return row;
    }

    private static byte[] Bytes(NiftiImage image)
    {
        MemoryStream stream = new();
        image.Save(stream);
        return stream.ToArray();
    }

    private static Volume<int> Ones(VolumeSize size, double spacing) =>
        new(new VolumeGrid(size, Affine.Scaling(spacing, spacing, spacing)), [.. Enumerable.Range(0, size.VoxelCount).Select(number => number % 7)]);

    private static byte[] Zipped(byte[] bytes)
    {
        MemoryStream stream = new();
        using (GZipStream zip = new(stream, CompressionLevel.Optimal))
            zip.Write(bytes);
        return stream.ToArray();
    }

    // A header whose axes lie in one plane.
    private static byte[] Flat(NiftiImage image)
    {
        MemoryStream stream = new();
        image.Save(stream, compressed: false);
        byte[] bytes = stream.ToArray();
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(252), 0);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(254), 1);
        bytes.AsSpan(280, 48).Clear();
        foreach (int at in new[] { 280, 296 })
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), 1);
        return bytes;
    }
}
