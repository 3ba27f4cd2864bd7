using System.IO.Compression;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>The images of a request, in memory only: the forms of ASP.NET would write large files to disk.</summary>
/// <param name="Images">The images by modality.</param>
/// <param name="Header">The header of the first, with which the answer is written.</param>
internal sealed record Upload(IReadOnlyDictionary<string, Volume<float>> Images, NiftiHeader Header)
{
    /// <summary>The field of the only image, where it is not named for its modality.</summary>
    public const string AnyField = "image";

    private const int Block = 1 << 16;

    /// <summary>Reads a request.</summary>
    /// <exception cref="RefusedException">It is too large, damaged, or not what the network needs.</exception>
    public static async Task<Upload> Read(HttpRequest request, ISegmenter network, ServiceOptions options, CancellationToken cancellation)
    {
        if (request.ContentLength > options.MaxUploadBytes)
            throw TooLarge(options);
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 } boundary)
        {
            throw new RefusedException(StatusCodes.Status415UnsupportedMediaType, $"Send a form (multipart/form-data) with {Wanted(network)}.");
        }

        Dictionary<string, NiftiImage> images = new(StringComparer.Ordinal);
        NiftiImage? first = null;
        await foreach ((string field, MemoryStream content) in Files(request.Body, boundary, options, cancellation))
        {
            string modality = ModalityOf(field, network);
            NiftiImage image = Image(content, modality, options);
            if (!images.TryAdd(modality, image))
                throw Refused($"The form has two files for {modality}: send one.");
            RefuseSize(image.Grid, network.Spacing, modality, options);
            first ??= image;
        }

        string[] missing = [.. network.Modalities.Where(modality => !images.ContainsKey(modality))];
        if (first is null || (network.NeedsAllModalities && missing.Length > 0))
            throw Refused($"The form has no file for {string.Join(", ", missing)}: send {Wanted(network)}.");
        if (images.FirstOrDefault(pair => !pair.Value.Grid.CoincidesWith(first.Grid, tolerance: 0.1)) is { Key: { } other })
        {
            throw Refused(
                $"The images must lie on one grid, but {other} does not lie on that of {images.First(pair => pair.Value == first).Key}: register them.");
        }

        return new Upload(images.ToDictionary(pair => pair.Key, pair => pair.Value.ToVolume(), StringComparer.Ordinal), first.Header);
    }

    /// <summary>What a network needs, in words.</summary>
    public static string Wanted(ISegmenter network) => network.Modalities.Count == 1
        ? $"one NIfTI file in the field '{network.Modalities[0]}' or '{AnyField}'"
        : $"one NIfTI file in {(network.NeedsAllModalities ? "each" : "one or several")} of the fields {string.Join(", ", network.Modalities)}";

    /// <summary>Says that the files together are too large.</summary>
    public static string TooLargeMessage(ServiceOptions options) =>
        FormattableString.Invariant($"The files are larger than the {options.MaxUploadBytes:N0} bytes that are taken: compress or crop them.");

    private static async IAsyncEnumerable<(string Field, MemoryStream Content)> Files(
        Stream body,
        string boundary,
        ServiceOptions options,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        MultipartReader reader = new(boundary, body);
        long left = options.MaxUploadBytes;
        while (await Next(reader, cancellation) is { } section)
        {
            if (section.GetContentDispositionHeader() is not { } disposition || !disposition.IsFileDisposition())
                continue;
            MemoryStream content = new();
            byte[] block = new byte[Block];
            for (int read; (read = await Read(section.Body, block, cancellation)) > 0; left -= read)
            {
                if (read > left)
                    throw TooLarge(options);
                content.Write(block, 0, read);
            }

            content.Position = 0;
            yield return (HeaderUtilities.RemoveQuotes(disposition.Name).ToString(), content);
        }
    }

    private static async Task<MultipartSection?> Next(MultipartReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadNextSectionAsync(cancellation);
        }
        catch (Exception exception) when (exception is (IOException or InvalidDataException) and not BadHttpRequestException)
        {
            throw CutOff();
        }
    }

    private static async Task<int> Read(Stream section, byte[] block, CancellationToken cancellation)
    {
        try
        {
            return await section.ReadAsync(block, cancellation);
        }
        catch (Exception exception) when (exception is (IOException or InvalidDataException) and not BadHttpRequestException)
        {
            throw CutOff();
        }
    }

    private static string ModalityOf(string field, ISegmenter network) =>
        network.Modalities.Count == 1 && field.Equals(AnyField, StringComparison.OrdinalIgnoreCase)
            ? network.Modalities[0]
            : network.Modalities.FirstOrDefault(modality => modality.Equals(field, StringComparison.OrdinalIgnoreCase))
                ?? throw Refused($"The network does not see a field of this name: send {Wanted(network)}.");

    private static NiftiImage Image(MemoryStream content, string modality, ServiceOptions options)
    {
        RefuseUncompressed(content, modality, options);
        try
        {
            NiftiImage image = NiftiImage.Load(content, $"the file of {modality}");
            return image.FrameCount == 1
                ? image
                : throw Refused($"The file of {modality} holds {image.FrameCount} volumes: send a file of one.");
        }
        catch (NiftiException exception)
        {
            throw Refused(Sentence(exception.Message));
        }
    }

    // Before anything is kept of it. Whether the data are whole is seen when they are read.
    private static void RefuseUncompressed(MemoryStream content, string modality, ServiceOptions options)
    {
        using GZipStream unpacked = new(content, CompressionMode.Decompress, leaveOpen: true);
        byte[] block = new byte[Block];
        try
        {
            for (long length = 0, read; (read = unpacked.Read(block)) > 0;)
            {
                if ((length += read) > options.MaxImageBytes)
                    throw TooLargeImage(modality, options);
            }
        }
        catch (InvalidDataException)
        {
            // Not compressed, or damaged.
        }

        content.Position = 0;
    }

    private static void RefuseSize(VolumeGrid grid, Spacing? spacing, string modality, ServiceOptions options)
    {
        double voxels = grid.VoxelCount;
        if (spacing is { } target)
            voxels = Math.Max(voxels, voxels * Math.Abs(grid.Affine.Determinant) / (target.X * target.Y * target.Z));
        if (sizeof(float) * voxels > options.MaxImageBytes)
            throw TooLargeImage(modality, options);
    }

    private static string Sentence(string message) => char.ToUpperInvariant(message[0]) + message[1..];

    private static RefusedException Refused(string message) => new(StatusCodes.Status400BadRequest, message);

    private static RefusedException CutOff() => Refused("The form is empty, damaged or cut off: send it again.");

    private static RefusedException TooLarge(ServiceOptions options) =>
        new(StatusCodes.Status413PayloadTooLarge, TooLargeMessage(options));

    private static RefusedException TooLargeImage(string modality, ServiceOptions options) => new(
        StatusCodes.Status413PayloadTooLarge,
        FormattableString.Invariant(
            $"The image of {modality} takes more than the {options.MaxImageBytes:N0} bytes that one image may: crop it, or send it with larger voxels."));
}
