using System.ComponentModel.DataAnnotations;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>The section "Segmentation" of the configuration.</summary>
internal sealed record ServiceOptions
{
    /// <summary>
    /// The networks by the name under which they are asked: a checkpoint folder, an archive (.zip) or an exported file (.onnx). At least one.
    /// </summary>
    [MinLength(1, ErrorMessage = "Name at least one network under Segmentation:Models, for example Segmentation:Models:student=model.zip.")]
    public Dictionary<string, string> Models { get; init; } = [];

    /// <summary>How many requests of one network may wait, besides the one that is computed. Default 4; further ones are refused with 503.</summary>
    [Range(0, 1000)]
    public int Waiting { get; init; } = 4;

    /// <summary>The most bytes of the files of a request, as they are sent. Default 64 MiB; more is refused with 413.</summary>
    [Range(1024, int.MaxValue)]
    public int MaxUploadBytes { get; init; } = 64 << 20;

    /// <summary>
    /// The most bytes of one image: uncompressed, as numbers of 32 bits, and so in voxels of the size that the network sees. Default 128 MiB, a volume of
    /// 512×512×128; more is refused with 413.
    /// </summary>
    [Range(1024, int.MaxValue)]
    public int MaxImageBytes { get; init; } = 128 << 20;

    /// <summary>The threads that compute for one network. Default: the number of cores; with several networks divide them up.</summary>
    [Range(1, 1024)]
    public int Threads { get; init; } = Environment.ProcessorCount;
}
