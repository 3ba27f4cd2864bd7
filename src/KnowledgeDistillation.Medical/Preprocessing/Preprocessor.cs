namespace KnowledgeDistillation.Medical;

/// <summary>
/// Makes network input of a case: reorientation to RAS; each modality minus the mean, divided by the (population) standard
/// deviation, of its non-zero voxels in the whole volume, background staying 0; crop or pad; subsampling, images by the mean of
/// each block, labels by its nearest voxel.
/// </summary>
/// <remarks>
/// With an even factor no voxel lies at the centre of a block, and eight are equally near; labels then take the one towards the origin
/// (right of the middle would be as good), as nearest-neighbour resampling in torch does: voxel ⌊(factor - 1) / 2⌋ of the block along each axis.
/// Where crop and volume differ by an odd number of voxels, the odd one is cut or padded at the end. Safe to use from several threads.
/// </remarks>
public sealed class Preprocessor
{
    /// <summary>Makes a preprocessor.</summary>
    /// <exception cref="ArgumentException">An option is wrong; the message names all that are.</exception>
    public Preprocessor(PreprocessingOptions? options = null)
    {
        Options = options ?? new();
        Options.Validate();
    }

    /// <summary>The options.</summary>
    public PreprocessingOptions Options { get; }

    /// <summary>Loads and preprocesses a case.</summary>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, labels are unknown, or an image is empty or not finite; the message names the case.</exception>
    public PreprocessedCase Process(BraTSCase source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Process(source.Id, source.Load(Options.Modalities));
    }

    /// <summary>Preprocesses a case that is in memory.</summary>
    /// <param name="id">The name of the case, for messages.</param>
    /// <param name="volumes">Its images.</param>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">Labels are unknown, or an image is empty or not finite; the message names the case.</exception>
    public PreprocessedCase Process(string id, BraTSVolumes volumes)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentNullException.ThrowIfNull(volumes);
        foreach (string name in Options.Modalities.Where(name => !volumes.Images.ContainsKey(name)))
            throw new ArgumentException($"Case {id} has no modality '{name}'; it has: {string.Join(", ", volumes.Images.Keys)}.", nameof(volumes));

        Reorientation toRas = new(volumes.Grid, Orientation.RAS);
        VolumeGrid grid = toRas.Target;
        float[][] images = [.. Options.Modalities.Select(name => toRas.Apply<float>(volumes.Images[name].Voxels))];
        PreprocessingGeometry geometry = Geometry(volumes.Grid, grid, images);
        float[][] prepared = new float[images.Length][];
        ParallelWork.For(images.Length, images.Length, i =>
        {
            (double mean, double deviation) = Statistics(id, Options.Modalities[i], images[i]);
            prepared[i] = Subsample(grid, images[i], geometry, mean, deviation);
        });

        (byte[]? classes, TumourVoxels? tumour) = (null, null);
        if (volumes.Segmentation is { } segmentation)
        {
            try
            {
                byte[] whole = toRas.Apply<byte>(volumes.Labels.ToClasses(segmentation));
                (classes, tumour) = (Subsample(grid, whole, geometry), Count(grid, whole, geometry));
            }
            catch (InvalidDataException exception)
            {
                throw new InvalidDataException($"Case {id}: {exception.Message}", exception);
            }
        }

        return new PreprocessedCase(id, Options.Modalities.Zip(prepared).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal), classes, geometry, volumes.Labels, tumour);
    }

    /// <summary>Mean and population standard deviation of the non-zero voxels; deviation 1 where they are all equal, so that they become 0.</summary>
    private static (double Mean, double Deviation) Statistics(string id, string modality, float[] voxels)
    {
        double sum = 0, squares = 0;
        long count = 0;
        foreach (float value in voxels)
        {
            if (value == 0)
                continue;
            sum += value;
            squares += (double)value * value;
            count++;
        }

        if (count == 0)
            throw new InvalidDataException($"Case {id}: the image {modality} is empty (all voxels are 0), so it cannot be normalised.");
        if (!double.IsFinite(squares))
            throw new InvalidDataException($"Case {id}: the image {modality} holds voxels that are not finite numbers.");
        double mean = sum / count;
        double variance = 0;
        foreach (float value in voxels)
        {
            if (value != 0)
                variance += (value - mean) * (value - mean);
        }

        double deviation = Math.Sqrt(variance / count);
        return (mean, deviation > 1e-9 * Math.Abs(mean) ? deviation : 1);
    }

    private static float[] Subsample(VolumeGrid grid, float[] voxels, PreprocessingGeometry geometry, double mean, double deviation)
    {
        VolumeSize size = geometry.Size;
        int factor = geometry.SubsamplingFactor;
        float[] result = new float[size.VoxelCount];
        (float centre, float scale) = ((float)mean, (float)(1 / deviation));
        float share = 1f / (factor * factor * factor);
        for (int z = 0, target = 0; z < size.Z; z++)
        {
            for (int y = 0; y < size.Y; y++)
            {
                for (int x = 0; x < size.X; x++, target++)
                {
                    (int fromX, int toX) = Block(x, geometry.CropOffset.X, factor, grid.SizeX);
                    (int fromY, int toY) = Block(y, geometry.CropOffset.Y, factor, grid.SizeY);
                    (int fromZ, int toZ) = Block(z, geometry.CropOffset.Z, factor, grid.SizeZ);
                    float sum = 0;
                    for (int k = fromZ; k < toZ; k++)
                    {
                        for (int j = fromY; j < toY; j++)
                        {
                            int row = grid.IndexOf(0, j, k);
                            for (int i = fromX; i < toX; i++)
                            {
                                float value = voxels[row + i];
                                if (value != 0)
                                    sum += (value - centre) * scale;
                            }
                        }
                    }

                    result[target] = sum * share;
                }
            }
        }

        return result;
    }

    /// <summary>The voxels of a block that lie in the volume; those outside are padding and count as 0.</summary>
    private static (int From, int To) Block(int index, int offset, int factor, int size)
    {
        int from = offset + (index * factor);
        return (Math.Max(0, from), Math.Min(size, from + factor));
    }

    private static byte[] Subsample(VolumeGrid grid, byte[] classes, PreprocessingGeometry geometry)
    {
        VolumeSize size = geometry.Size;
        int factor = geometry.SubsamplingFactor, nearest = (factor - 1) / 2;
        byte[] result = new byte[size.VoxelCount];
        for (int z = 0, target = 0; z < size.Z; z++)
        {
            int k = geometry.CropOffset.Z + (z * factor) + nearest;
            for (int y = 0; y < size.Y; y++)
            {
                int j = geometry.CropOffset.Y + (y * factor) + nearest;
                for (int x = 0; x < size.X; x++, target++)
                {
                    int i = geometry.CropOffset.X + (x * factor) + nearest;
                    if ((uint)i < (uint)grid.SizeX && (uint)j < (uint)grid.SizeY && (uint)k < (uint)grid.SizeZ)
                        result[target] = classes[grid.IndexOf(i, j, k)];
                }
            }
        }

        return result;
    }

    private static TumourVoxels Count(VolumeGrid grid, byte[] classes, PreprocessingGeometry geometry)
    {
        Span<int> all = stackalloc int[4];
        int kept = 0;
        ((int ox, int oy, int oz), VolumeSize crop) = (geometry.CropOffset, geometry.CropSize);
        for (int z = 0, index = 0; z < grid.SizeZ; z++)
        {
            for (int y = 0; y < grid.SizeY; y++)
            {
                bool rowInside = y >= oy && y < oy + crop.Y && z >= oz && z < oz + crop.Z;
                for (int x = 0; x < grid.SizeX; x++, index++)
                {
                    byte value = classes[index];
                    if (value == 0)
                        continue;
                    all[value]++;
                    if (rowInside && x >= ox && x < ox + crop.X)
                        kept++;
                }
            }
        }

        return new TumourVoxels(all[BraTSLabelConvention.NecrosisClass], all[BraTSLabelConvention.OedemaClass], all[BraTSLabelConvention.EnhancingClass], kept);
    }

    private static (int From, int To)[] BrainBox(VolumeGrid grid, float[][] images)
    {
        (int From, int To)[] box = [(grid.SizeX, 0), (grid.SizeY, 0), (grid.SizeZ, 0)];
        foreach (float[] image in images)
        {
            for (int z = 0; z < grid.SizeZ; z++)
            {
                for (int y = 0; y < grid.SizeY; y++)
                {
                    ReadOnlySpan<float> row = image.AsSpan(grid.IndexOf(0, y, z), grid.SizeX);
                    int first = row.IndexOfAnyExcept(0f);
                    if (first < 0)
                        continue;
                    box[0] = (Math.Min(box[0].From, first), Math.Max(box[0].To, row.LastIndexOfAnyExcept(0f) + 1));
                    box[1] = (Math.Min(box[1].From, y), Math.Max(box[1].To, y + 1));
                    box[2] = (Math.Min(box[2].From, z), Math.Max(box[2].To, z + 1));
                }
            }
        }

        // An empty image is reported with its name when it is normalised.
        return box[0].To == 0 ? [(0, grid.SizeX), (0, grid.SizeY), (0, grid.SizeZ)] : box;
    }

    private PreprocessingGeometry Geometry(VolumeGrid native, VolumeGrid grid, float[][] images)
    {
        (int From, int To)[] region = Options.CropCentre == CropCentre.Brain ? BrainBox(grid, images) : [(0, grid.SizeX), (0, grid.SizeY), (0, grid.SizeZ)];
        int[] sizes = Options.CropSize is { } size
            ? [size.X, size.Y, size.Z]
            : [.. region.Select(range => RoundUp(range.To - range.From, Options.SubsamplingFactor * Options.SizeMultiple))];
        // C# divides towards zero, so that the odd voxel is cut off or padded at the end.
        int[] offsets = [.. region.Select((range, axis) => range.From + ((range.To - range.From - sizes[axis]) / 2))];
        return new PreprocessingGeometry(native, (offsets[0], offsets[1], offsets[2]), new VolumeSize(sizes[0], sizes[1], sizes[2]), Options.SubsamplingFactor);

        static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
    }
}
