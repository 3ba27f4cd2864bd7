using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>
/// Makes cases that look and behave like BraTS, from a seed: a skull-stripped brain with folded cortex, ventricles and deep nuclei,
/// four modalities with their own contrasts, bias fields and Rician noise, and an irregular tumor whose parts show as they do in MRI:
/// edema is bright in FLAIR and T2 and faint in T1 and T1ce, the enhancing rim is bright in T1ce only, necrosis is dark in T1ce.
/// Vessels (bright in T1ce) and white matter lesions (bright in FLAIR) make it harder. For demos, tests and first trials of a method;
/// no substitute for patients.
/// </summary>
/// <remarks>
/// Case i depends on the options and i alone, whatever other cases are made and in whatever order. Intensities are whole numbers, 0
/// outside the brain and at least 1 inside, so that a data set on disk (int16) holds exactly what <see cref="Create"/> returns.
/// Safe to use from several threads.
/// </remarks>
public sealed class BraTSPhantom
{
    private static readonly double[] Halves = [-0.25, 0.25];

    private readonly BraTSPhantomOptions _options;

    /// <summary>Makes a source of phantoms.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names all such options.</exception>
    public BraTSPhantom(BraTSPhantomOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
        VolumeSize size = _options.Size;
        double fit = Math.Max(BrainAnatomy.Extent.X / size.X, Math.Max(BrainAnatomy.Extent.Y / size.Y, BrainAnatomy.Extent.Z / size.Z));
        Spacing spacing = _options.Spacing ?? new Spacing(fit, fit, fit);
        // The axes of the BraTS files: left, posterior, superior.
        Grid = new VolumeGrid(size, new Affine(-spacing.X, 0, 0, 0, 0, -spacing.Y, 0, (size.Y - 1) * spacing.Y, 0, 0, spacing.Z, 0));
    }

    /// <summary>The grid of all cases: axes left, posterior, superior, as in BraTS.</summary>
    public VolumeGrid Grid { get; }

    /// <summary>The grade of a case: high or low.</summary>
    /// <param name="index">The number of the case, at least 0.</param>
    public TumorGrade GradeOf(int index) => Kind(index).Grade;

    /// <summary>Makes one case: t1, t1ce, t2, flair and labels 0, 1, 2, 4 on <see cref="Grid"/>.</summary>
    /// <param name="index">The number of the case, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public CaseVolumes Create(int index)
    {
        (TumorGrade grade, bool enhancing) = Kind(index);
        ulong key = (ulong)SeedMixer.Mix(_options.Seed, index);
        double scale = Scale();
        (double stepX, double stepY, double stepZ) = (Grid.Spacing.X * scale, Grid.Spacing.Y * scale, Grid.Spacing.Z * scale);
        double voxel = Math.Cbrt(stepX * stepY * stepZ);
        var random = new StableRandom(key);
        var brain = new BrainAnatomy(random.NextUInt64(), voxel);
        var tumor = new BrainTumor(random.NextUInt64(), grade, enhancing, brain, voxel);
        var distractors = new PhantomDistractors(random.NextUInt64(), _options.Distractors, brain, voxel);
        PhantomContrast[] contrasts = [.. BraTSModality.All.Select(modality => new PhantomContrast(modality, random.NextUInt64(), _options, voxel))];

        var outline = new ReferenceOutline(random.NextUInt64(), _options.ReferenceError);

        // What is seen at a voxel: its center, or eight positions half a voxel apart.
        (double X, double Y, double Z)[] positions = _options.PartialVolume
            ? [.. from dz in Halves from dy in Halves from dx in Halves select (dx * stepX, dy * stepY, dz * stepZ)]
            : [(0, 0, 0)];
        bool blurred = contrasts.Any(contrast => contrast.Blur > 0);
        double[] signals = new double[contrasts.Length];
        float[][] images = [.. contrasts.Select(_ => new float[Grid.VoxelCount])];
        bool[] brainVoxels = new bool[Grid.VoxelCount];
        int[] labels = new int[Grid.VoxelCount];
        LabelConvention convention = BraTSLabelConvention.BraTS2018;
        Span<int> labelOf = [.. Enumerable.Range(0, convention.Map.Names.Count).Select(convention.Map.LabelOf)];
        for (int z = 0; z < Grid.Size.Z; z++)
        {
            double pz = (z - ((Grid.Size.Z - 1) / 2.0)) * stepZ;
            for (int y = 0; y < Grid.Size.Y; y++)
            {
                double py = -(y - ((Grid.Size.Y - 1) / 2.0)) * stepY;
                for (int x = 0; x < Grid.Size.X; x++)
                {
                    double px = -(x - ((Grid.Size.X - 1) / 2.0)) * stepX;
                    double depth = brain.Depth(px, py, pz);
                    if (depth <= 0)
                        continue;
                    int i = Grid.IndexOf(x, y, z);
                    brainVoxels[i] = true;
                    labels[i] = labelOf[ClassAt(outline.Displaces ? outline.Displace(px, py, pz) : (px, py, pz))];
                    Array.Clear(signals);
                    int within = 0;
                    foreach ((double dx, double dy, double dz) in positions)
                        within += AddSignals(px + dx, py + dy, pz + dz) ? 1 : 0;
                    // The outermost voxels may hold their center alone.
                    if (within == 0)
                        within += AddSignals(px, py, pz) ? 1 : 0;
                    for (int m = 0; m < contrasts.Length; m++)
                        images[m][i] = blurred ? (float)(signals[m] / within) : contrasts[m].Intensity(i, px, py, pz, signals[m] / within);
                }
            }
        }

        if (blurred)
        {
            for (int m = 0; m < contrasts.Length; m++)
                images[m] = Finished(contrasts[m], images[m], brainVoxels, (stepX, stepY, stepZ));
        }

        Dictionary<string, Volume<float>> volumes = [];
        for (int m = 0; m < images.Length; m++)
            volumes.Add(BraTSModality.All[m], new Volume<float>(Grid, images[m]));
        return new CaseVolumes(volumes, new Volume<int>(Grid, labels), convention.Map);

        bool AddSignals(double px, double py, double pz)
        {
            double depth = brain.Depth(px, py, pz);
            if (depth <= 0)
                return false;
            (double hx, double hy, double hz) = tumor.BeforeMassEffect(px, py, pz);
            Tissue healthy = brain.At(hx, hy, hz, depth);
            TumorTissue part = tumor.At(px, py, pz, healthy);
            PhantomDistractors.Share distractor = distractors.At(px, py, pz, healthy);
            for (int m = 0; m < contrasts.Length; m++)
                signals[m] += contrasts[m].Signal(px, py, pz, healthy, part, distractor);
            return true;
        }

        byte ClassAt((double X, double Y, double Z) position)
        {
            double depth = brain.Depth(position.X, position.Y, position.Z);
            if (depth <= 0)
                return BraTSLabelConvention.BackgroundClass;
            (double hx, double hy, double hz) = tumor.BeforeMassEffect(position.X, position.Y, position.Z);
            return tumor.At(position.X, position.Y, position.Z, brain.At(hx, hy, hz, depth)).Class;
        }
    }

    /// <summary>The name of a case on disk, numbered from 1: Brats18_PHANTOM_0001_1 for index 0.</summary>
    public static string IdOf(int index) => $"Brats18_PHANTOM_{index + 1:0000}_1";

    /// <summary>
    /// Writes cases 0 to <paramref name="count"/> - 1 in the layout of BraTS 2018, in parallel: HGG and LGG folders, five NIfTI files per case,
    /// int16 intensities and uint8 labels. The same options give the same bytes. The folder appears once it is complete.
    /// </summary>
    /// <param name="folder">A folder that does not exist yet or is empty.</param>
    /// <param name="count">The number of cases, at least 1.</param>
    /// <param name="cancellation">Stops between cases and leaves nothing behind.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of cases is less than 1.</exception>
    /// <exception cref="IOException">The folder holds something, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void WriteDataset(string folder, int count, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new IOException($"'{folder}' is not empty; give a new folder for the phantom data set, or delete this one first.");
        AtomicDirectory.Write(folder, unfinished => ParallelWork.For(count, Environment.ProcessorCount, index => Write(unfinished, index), cancellation));
    }

    private void Write(string root, int index)
    {
        string id = IdOf(index);
        string folder = Path.Combine(root, GradeOf(index) == TumorGrade.High ? "HGG" : "LGG", id);
        Directory.CreateDirectory(folder);
        CaseVolumes volumes = Create(index);
        foreach ((string modality, Volume<float> image) in volumes.Images)
            Save(modality, new Volume<int>(Grid, Array.ConvertAll(image.Voxels, value => (int)value)));
        Save("seg", volumes.Segmentation!);

        // Whole numbers are stored in the smallest type that holds them: int16 for intensities, uint8 for labels.
        void Save(string kind, Volume<int> voxels) => NiftiImage.FromLabels(voxels).Save(Path.Combine(folder, $"{id}_{kind}.nii.gz"));
    }

    // Blurred within the brain, then seen through the bias field and the noise, which the scanner adds after its resolution.
    private float[] Finished(PhantomContrast contrast, float[] signals, bool[] brainVoxels, (double X, double Y, double Z) step)
    {
        float[] finished = new float[signals.Length];
        for (int z = 0; z < Grid.Size.Z; z++)
        {
            double pz = (z - ((Grid.Size.Z - 1) / 2.0)) * step.Z;
            for (int y = 0; y < Grid.Size.Y; y++)
            {
                double py = -(y - ((Grid.Size.Y - 1) / 2.0)) * step.Y;
                for (int x = 0; x < Grid.Size.X; x++)
                {
                    double px = -(x - ((Grid.Size.X - 1) / 2.0)) * step.X;
                    int i = Grid.IndexOf(x, y, z);
                    if (brainVoxels[i])
                        finished[i] = contrast.Intensity(i, px, py, pz, Smooth.Mix(signals[i], Around(x, y, z), contrast.Blur));
                }
            }
        }

        return finished;

        double Around(int x, int y, int z)
        {
            double sum = 0;
            int count = 0;
            Add(x - 1, y, z);
            Add(x + 1, y, z);
            Add(x, y - 1, z);
            Add(x, y + 1, z);
            Add(x, y, z - 1);
            Add(x, y, z + 1);
            return count == 0 ? signals[Grid.IndexOf(x, y, z)] : sum / count;

            void Add(int nx, int ny, int nz)
            {
                if (nx < 0 || ny < 0 || nz < 0 || nx >= Grid.Size.X || ny >= Grid.Size.Y || nz >= Grid.Size.Z || !brainVoxels[Grid.IndexOf(nx, ny, nz)])
                    return;
                sum += signals[Grid.IndexOf(nx, ny, nz)];
                count++;
            }
        }
    }

    /// <summary>Millimeters of a life-size head for each millimeter of the grid.</summary>
    private double Scale()
    {
        Spacing s = Grid.Spacing;
        return Math.Max(
            BrainAnatomy.Extent.X / (Grid.Size.X * s.X), Math.Max(BrainAnatomy.Extent.Y / (Grid.Size.Y * s.Y), BrainAnatomy.Extent.Z / (Grid.Size.Z * s.Z)));
    }

    private (TumorGrade Grade, bool Enhancing) Kind(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        // Multiples of the golden ratio spread evenly, so that a small data set has its share of each kind too.
        double start = new StableRandom((ulong)SeedMixer.Mix(_options.Seed, -1)).NextDouble();
        double u = start + (index * 0.6180339887498949);
        u -= Math.Floor(u);
        return (u < _options.LowGradeShare ? TumorGrade.Low : TumorGrade.High, u >= _options.NonEnhancingShare);
    }
}
