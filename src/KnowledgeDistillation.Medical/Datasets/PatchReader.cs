using KnowledgeDistillation.Medical.Augmentation;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// Takes patches from cases, or whole cases, and changes them at random. Everything follows from the seed, the epoch, the case and the number of the patch.
/// </summary>
/// <remarks>Not safe for use by several threads at once: it keeps buffers.</remarks>
internal sealed class PatchReader(PatchSampling? patches, AugmentationOptions? augmentation, ArrayRecycler arrays)
{
    private const int Place = 1, Space = 2, Intensity = 3;

    private float[] _image = [];
    private byte[] _classes = [];

    public PreprocessedCase Read(IVoxelSource source, long seed, int epoch, int number)
    {
        long key = SeedMixer.Mix(seed, epoch, FlipAugmentation.KeyOf(source.Id), number);
        VolumeSize volume = source.Geometry.Size;
        VoxelBox box = patches is null ? VoxelBox.Whole(volume) : Draw(source, SeedMixer.Mix(key, Place));
        SpatialChange? change = augmentation is { IsSpatial: true }
            ? SpatialChange.Draw(augmentation, SeedMixer.Mix(key, Space), box, source.Geometry.Grid.Spacing)
            : null;
        // What lies beyond the case is 0 in any way.
        Dictionary<string, float[]> images = new(StringComparer.Ordinal);
        foreach (string modality in source.Modalities)
        {
            float[] image = arrays.Rent<float>(box.Size.VoxelCount);
            if (change is null)
            {
                source.ReadImage(modality, box, image);
            }
            else
            {
                Span<float> region = Enlarged(ref _image, change.Source.Size.VoxelCount);
                source.ReadImage(modality, change.Source, region);
                change.Resample(region, image);
            }

            if (augmentation is not null)
                IntensityChange.Apply(augmentation, SeedMixer.Mix(key, Intensity, FlipAugmentation.KeyOf(modality)), image, box.Size);
            images.Add(modality, image);
        }

        byte[] classes = arrays.Rent<byte>(box.Size.VoxelCount);
        if (change is null)
        {
            source.ReadClasses(box, classes);
        }
        else
        {
            Span<byte> region = Enlarged(ref _classes, change.Source.Size.VoxelCount);
            source.ReadClasses(change.Source, region);
            change.Resample(region, classes);
        }

        return new PreprocessedCase(source.Id, images, classes, GeometryOf(source.Geometry, box), source.Labels, null);
    }

    private static Span<T> Enlarged<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = GC.AllocateUninitializedArray<T>(length);
        return buffer.AsSpan(0, length);
    }

    private static PreprocessingGeometry GeometryOf(PreprocessingGeometry whole, VoxelBox box)
    {
        int factor = whole.SubsamplingFactor;
        return new PreprocessingGeometry(
            whole.NativeGrid,
            (whole.CropOffset.X + (box.X * factor), whole.CropOffset.Y + (box.Y * factor), whole.CropOffset.Z + (box.Z * factor)),
            new VolumeSize(box.Size.X * factor, box.Size.Y * factor, box.Size.Z * factor),
            factor,
            whole.Spacing);
    }

    private VoxelBox Draw(IVoxelSource source, long key)
    {
        VolumeSize volume = source.Geometry.Size, size = patches!.Size;
        StableRandom random = new((ulong)key);
        bool isCentered = random.NextDouble() < patches.ForegroundShare && !source.Foreground.IsEmpty;
        (double x, double y, double z) = (random.NextDouble(), random.NextDouble(), random.NextDouble());
        if (!isCentered)
            return new VoxelBox(Anywhere(x, volume.X, size.X), Anywhere(y, volume.Y, size.Y), Anywhere(z, volume.Z, size.Z), size);
        (int cx, int cy, int cz) = source.Foreground.Draw(ref random, volume);
        return new VoxelBox(Around(cx, volume.X, size.X), Around(cy, volume.Y, size.Y), Around(cz, volume.Z, size.Z), size);

        static int Anywhere(double share, int volume, int patch) => patch >= volume ? -((patch - volume) / 2) : (int)(share * (volume - patch + 1));

        static int Around(int center, int volume, int patch) =>
            patch >= volume ? -((patch - volume) / 2) : Math.Clamp(center - (patch / 2), 0, volume - patch);
    }
}
