using System.Globalization;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>What a folder holds and what a crop would cost.</summary>
/// <param name="Dataset">The cases.</param>
/// <param name="Layout">The kind of data set, judged by the names of its files.</param>
/// <param name="Grids">Each grid with the number of cases that have it.</param>
/// <param name="Tumors">For each case with a reference its labels and what the crop keeps; none where voxels were not read.</param>
/// <param name="Volume">Number of voxels of all cases with a reference.</param>
/// <param name="Disagreements">The images whose sform and voxel sizes disagree, with both.</param>
public sealed record DatasetInspection(
    MedicalDataset Dataset,
    string Layout,
    IReadOnlyList<(string Grid, int Cases)> Grids,
    IReadOnlyList<(MedicalCase Case, LabelMap Labels, ForegroundVoxels Voxels)> Tumors,
    long Volume,
    IReadOnlyList<(string Case, string Modality, string Sizes)> Disagreements)
{
    /// <summary>Looks at all cases, also those that lack a modality or a reference.</summary>
    /// <param name="folder">The data set.</param>
    /// <param name="settings">The crop, what labels mean, and how background is mended.</param>
    /// <param name="quick">Whether to read no voxels: faults in them, labels and tumors are not seen then.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="MedicalDatasetException">There is no case, or none can be used.</exception>
    public static DatasetInspection Of(string folder, ExperimentSettings settings, bool quick, IExperimentDisplay display, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var dataset = MedicalDataset.Open(folder, new MedicalDatasetOptions
        {
            RequiredModalities = [],
            RequireSegmentation = false,
            FaultyCases = FaultyCaseHandling.Skip,
            Labels = settings.LabelConvention,
            VerifySegmentations = false,
        });
        settings = settings with { Data = dataset.Description };
        if (!quick)
            dataset = Datasets.Examine(dataset, settings.Preprocessing(dataset.Modalities), display, cancellation);

        var disagreements = new List<(string, string, string)>();
        var grids = new Dictionary<string, int>(StringComparer.Ordinal);
        var tumors = new List<(MedicalCase, LabelMap, ForegroundVoxels)>();
        long volume = 0;
        foreach (MedicalCase item in dataset.Cases)
        {
            cancellation.ThrowIfCancellationRequested();
            VolumeGrid? grid = null;
            foreach ((string modality, ImageFile image) in item.Images)
            {
                NiftiHeader header = NiftiImage.LoadHeader(image.Path);
                grid ??= header.Grid;
                if (header.DisagreeingSpacing is { } sform)
                {
                    IReadOnlyList<double> stored = header.PixelDimensions;
                    disagreements.Add((item.Id, modality, $"{Sizes(sform.X, sform.Y, sform.Z)} mm by the sform, which is used, "
                        + $"{Sizes(Math.Abs(stored[1]), Math.Abs(stored[2]), Math.Abs(stored[3]))} by the header"));
                }
            }

            string text = $"{grid!.Size} voxels of {Sizes(grid.Spacing.X, grid.Spacing.Y, grid.Spacing.Z)} mm, {grid.Orientation}";
            grids[text] = grids.GetValueOrDefault(text) + 1;
            if (dataset.Examinations.GetValueOrDefault(item.Id)?.Labels is { } labels)
            {
                LabelMap map = item.LabelsFor(labels.Keys.ToHashSet());
                tumors.Add((item, map, SegmentationPreparation.Foreground(labels, map)));
                volume += grid.VoxelCount;
            }
        }

        return new DatasetInspection(
            dataset,
            LayoutOf(dataset),
            [.. grids.Select(grid => (grid.Key, grid.Value)).OrderByDescending(grid => grid.Value)],
            tumors,
            volume,
            disagreements);
    }

    private static string Sizes(double x, double y, double z) => string.Create(CultureInfo.InvariantCulture, $"{x:0.##}×{y:0.##}×{z:0.##}");

    private static string LayoutOf(MedicalDataset dataset)
    {
        string file = dataset.Cases[0].Images.Values.First().Path;
        string name = Path.GetFileName(file);
        string[] folders = Path.GetRelativePath(dataset.Folder, file).Split(Path.DirectorySeparatorChar);
        if (dataset.Layout != "BraTS")
            return dataset.Layout;
        if (name.Contains("-t1", StringComparison.Ordinal) || name.Contains("-t2", StringComparison.Ordinal))
            return "BraTS 2023 and later (-t1n, -t1c, -t2w, -t2f)";
        if (folders.Any(folder => folder.ToUpperInvariant() is "HGG" or "LGG"))
            return "BraTS 2017 to 2019 (folders HGG and LGG)";
        return name.Contains('_', StringComparison.Ordinal)
            ? "BraTS 2020 and 2021, or one like it (a folder for each case)"
            : "folders with t1, t1ce, t2, flair and seg";
    }
}
