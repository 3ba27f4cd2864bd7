using System.IO.Compression;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>NIfTI images of both versions and byte orders, compressed or not: read, converted, oriented, written and read again.</summary>
internal sealed class NiftiTarget : FuzzTarget
{
    public NiftiTarget()
    {
        var grid = new VolumeGrid(new VolumeSize(4, 5, 6), Affine.Scaling(-1, 1, 2));
        float[] voxels = [.. Enumerable.Range(0, grid.VoxelCount).Select(voxel => voxel / 3f)];
        byte[] first = Bytes(NiftiImage.FromVolumes([new Volume<float>(grid, voxels), new Volume<float>(grid, voxels)]));
        byte[] labels = Bytes(NiftiImage.FromLabels(new Volume<int>(grid, [.. voxels.Select(voxel => (int)voxel)])));
        // Longer than 16 bits hold, which makes it version 2.
        var wide = new VolumeGrid(new VolumeSize(40_000, 1, 1), Affine.Identity);
        byte[] second = Bytes(NiftiImage.FromLabels(new Volume<int>(wide, new int[wide.VoxelCount])));
        Sound = [first, labels, second, Compress(first), Compress(labels)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override bool Accepts(byte[] input)
    {
        NiftiImage image;
        try
        {
            image = NiftiImage.Load(new MemoryStream(input));
        }
        catch (NiftiException)
        {
            return false;
        }

        _ = image.Grid.Orientation;
        Volume<float> volume = image.ToVolume(image.FrameCount - 1);
        try
        {
            image.ToLabels(image.FrameCount - 1);
        }
        catch (NiftiException)
        {
            // Its voxels are no labels.
        }

        var copy = new MemoryStream();
        image.Save(copy, compressed: false);
        copy.Position = 0;
        return NiftiImage.Load(copy).ToVolume(image.FrameCount - 1).Voxels.AsSpan().SequenceEqual(volume.Voxels)
            ? true
            : throw new FuzzException("The image was not read as it was written.");
    }

    private static byte[] Bytes(NiftiImage image)
    {
        var stream = new MemoryStream();
        image.Save(stream, compressed: false);
        return stream.ToArray();
    }

    private static byte[] Compress(byte[] bytes)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
