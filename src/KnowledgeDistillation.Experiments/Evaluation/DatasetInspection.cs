using System.Globalization;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>What a folder holds and what a crop would cost.</summary>
/// <param name="Dataset">The cases.</param>
/// <param name="Layout">The kind of data set, judged by the names of its files.</param>
/// <param name="Grids">Each grid with the number of cases that have it.</param>
/// <param name="Tumors">For each case with a reference its labels and what the crop keeps.</param>
/// <param name="Volume">Number of voxels of all cases with a reference.</param>
public sealed record DatasetInspection(
    BraTSDataset Dataset,
    string Layout,
    IReadOnlyList<(string Grid, int Cases)> Grids,
    IReadOnlyList<(BraTSCase Case, LabelMap Labels, ForegroundVoxels Voxels)> Tumors,
    long Volume)
{
    /// <summary>Looks at all cases, also those that lack a modality or a reference.</summary>
    public static DatasetInspection Of(string folder, ExperimentSettings settings, IExperimentDisplay display, CancellationToken cancellation)
    {
        BraTSDataset dataset = BraTSDataset.Open(folder, new BraTSDatasetOptions
        {
            RequiredModalities = [],
            RequireSegmentation = false,
            FaultyCases = FaultyCaseHandling.Skip,
        });
        var grids = new Dictionary<string, int>(StringComparer.Ordinal);
        var tumors = new List<(BraTSCase, LabelMap, ForegroundVoxels)>();
        long volume = 0;
        return display.ShowCount("reading cases", dataset.Cases.Count, progress =>
        {
            for (int i = 0; i < dataset.Cases.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                BraTSCase item = dataset.Cases[i];
                // The central crop does not depend on intensities, so one modality is enough.
                string modality = item.Images.Keys.First();
                PreprocessedCase prepared = new Preprocessor(settings.Preprocessing([modality])).Process(item);
                VolumeGrid grid = prepared.Geometry.NativeGrid;
                string text = string.Create(CultureInfo.InvariantCulture,
                    $"{grid.Size} voxels of {grid.Spacing.X:0.##}×{grid.Spacing.Y:0.##}×{grid.Spacing.Z:0.##} mm, "
                    + $"{grid.Orientation}");
                grids[text] = grids.GetValueOrDefault(text) + 1;
                if (prepared.Foreground is { } tumor)
                {
                    tumors.Add((item, prepared.Labels, tumor));
                    volume += grid.VoxelCount;
                }

                progress.Report(i + 1);
            }

            return new DatasetInspection(
                dataset,
                LayoutOf(dataset),
                [.. grids.Select(grid => (grid.Key, grid.Value)).OrderByDescending(grid => grid.Value)],
                tumors,
                volume);
        });
    }

    private static string LayoutOf(BraTSDataset dataset)
    {
        string file = dataset.Cases[0].Images.Values.First().Path;
        string name = Path.GetFileName(file);
        string[] folders = Path.GetRelativePath(dataset.Folder, file).Split(Path.DirectorySeparatorChar);
        if (file.Contains("imagesTr", StringComparison.Ordinal))
            return "Medical Segmentation Decathlon, Task01 (4-D images)";
        if (name.Contains("-t1", StringComparison.Ordinal) || name.Contains("-t2", StringComparison.Ordinal))
            return "BraTS 2023 and later (-t1n, -t1c, -t2w, -t2f)";
        if (folders.Any(folder => folder is "HGG" or "LGG"))
            return "BraTS 2017 to 2019 (folders HGG and LGG)";
        return name.Contains('_', StringComparison.Ordinal)
            ? "BraTS 2020 and 2021, or one like it (a folder for each case)"
            : "folders with t1, t1ce, t2, flair and seg";
    }
}
