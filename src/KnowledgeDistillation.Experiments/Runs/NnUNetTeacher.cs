using System.Globalization;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.NnUNet;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>A teacher that nnU-Net has trained, and what must hold for it to see the images as it learned them.</summary>
/// <param name="Path">Where it was said to be.</param>
/// <param name="Checkpoint">Where it lies.</param>
internal sealed record NnUNetTeacher(string Path, NnUNetCheckpoint Checkpoint)
{
    // Headers of files are rounded.
    private const double SizeTolerance = 0.01;

    /// <summary>The teacher that a path means; null where it is none of nnU-Net.</summary>
    /// <exception cref="CheckpointException">It has no trained fold, or several.</exception>
    public static NnUNetTeacher? Find(string path) => NnUNetCheckpoint.Find(path) is { } found ? new NnUNetTeacher(path, found) : null;

    /// <summary>Builds its network with the modalities and classes of a data set.</summary>
    public SegmentationModel Load(DatasetDescription data, Device? device)
    {
        SegmentationModel model = NnUNetModel.Load(Checkpoint, data);
        if (device is not null)
            model.Network.Module.to(device);
        return model;
    }

    /// <summary>How each modality of a data set is normalized that the teacher sees.</summary>
    public IReadOnlyDictionary<string, Normalization> Normalizations(DatasetDescription data) =>
        NnUNetModel.ModalitiesOn(Checkpoint.Folder, data).Zip(NnUNetModel.Preprocessing(Checkpoint.Folder).Normalizations)
            .ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);

    /// <summary>Refuses settings with which it would not see the images as it learned them, and warns of what cannot be compared.</summary>
    /// <exception cref="ExperimentException">The voxels, the normalization, the axes or the modalities differ.</exception>
    public void RefuseOtherImages(ExperimentSettings settings, CaseSplit split, IReadOnlyList<string> modalities, IExperimentDisplay display)
    {
        NnUNetPreprocessing learned = NnUNetModel.Preprocessing(Checkpoint.Folder);
        IReadOnlyDictionary<string, Normalization> normalizations = Normalizations(settings.Data);
        string[] absent = [.. normalizations.Keys.Except(modalities)];
        if (absent.Length > 0)
        {
            throw new ExperimentException(
                $"The teacher '{Path}' sees {string.Join(", ", normalizations.Keys)}, but {string.Join(", ", absent)} take no part in this training: "
                    + "name them among the teacher's modalities, or leave the choice out.",
                nameof(ExperimentSettings.TeacherModalities));
        }

        PreprocessingOptions ours = settings.Preprocessing([.. normalizations.Keys]);
        string[] others = [.. normalizations.Where(item => ours.NormalizationOf(item.Key).Kind != item.Value.Kind).Select(item => item.Key)];
        if (others.Length > 0)
        {
            throw new ExperimentException(
                $"The teacher '{Path}' has learned from images that were normalized in another way: "
                    + $"{string.Join("; ", others.Select(name => $"{name} by {Name(normalizations[name])}, here by {Name(ours.NormalizationOf(name))}"))}. "
                    + $"Normalize as it did: {string.Join(',', normalizations.Select(item => $"{item.Key}={Name(item.Value)}"))}.",
                nameof(ExperimentSettings.Normalization));
        }

        if (!learned.KeepsAxes)
        {
            throw new ExperimentException(
                $"The teacher '{Path}' has learned from images whose axes were turned (transpose_forward in its plans.json), so it cannot see ours: "
                    + "give one that was trained without.");
        }

        MedicalCase[] cases = [.. split.Training, .. split.Validation];
        VolumeGrid[] grids =
            [.. cases.Select(item => NiftiImage.LoadHeader(item.Images[normalizations.Keys.First()].Path).Grid).Distinct()];
        RefuseOtherVoxels(settings, learned.VoxelSize, grids);
        CompareOrientations(learned, grids, display);
        if (split.Test.Count > 0)
        {
            display.Warn($"Warning: it is not known from which cases the teacher '{Path}' has learned. If the {split.Test.Count} test cases are among them, "
                + "scores are too good: nnU-Net's splits_final.json says which they were.");
        }
    }

    /// <summary>What makes a bottleneck of the student comparable with the teacher's, as a sentence.</summary>
    public static string WayOut(PlainConvUNetOptions teacher)
    {
        int depth = teacher.Features.Count;
        int reduction = 1 << (depth - 1);
        int width = teacher.Features[^1] / reduction;
        bool isHalved = teacher.Strides.Skip(1).All(strides => strides.All(stride => stride == 2));
        string outputs = "choose a system that compares outputs alone, such as hinton or generalized";
        return isHalved && width > 0 && teacher.Features[^1] % reduction == 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Its bottleneck has {teacher.Features[^1]} channels at 1/{reduction} of the size, which a U-Net with {nameof(ExperimentSettings.BaseWidth)} "
                    + $"{width} and {nameof(ExperimentSettings.Levels)} {depth} has too; else {outputs}.")
            : $"Its bottleneck has {teacher.Features[^1]} channels at a resolution that no U-Net here has: {outputs}.";
    }

    private void RefuseOtherVoxels(ExperimentSettings settings, IReadOnlyList<double> learned, VolumeGrid[] grids)
    {
        Spacing[] seen = settings.Spacing is { } wanted
            ? [Spacing.Parse(wanted)]
            : [.. grids.Select(grid => new Reorientation(grid, Orientation.RAS).Target.Spacing)];
        // Along the axes of the network: slices say nothing of z.
        double[][] axes = [[.. seen.Select(size => size.X)], [.. seen.Select(size => size.Y)], [.. seen.Select(size => size.Z)]];
        if (Enumerable.Range(0, learned.Count).All(axis => axes[axis].All(
            length => Math.Abs((length * settings.SubsamplingFactor) - learned[axis]) <= SizeTolerance * learned[axis])))
        {
            return;
        }

        string fed = string.Join('×', axes.Take(learned.Count).Select(lengths => Range(lengths, settings.SubsamplingFactor)));
        double[] target = learned.Count == 3 ? [.. learned] : [.. learned, axes[2].Min()];
        throw new ExperimentException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The teacher '{Path}' has learned from voxels of {string.Join('×', learned.Select(Text))} mm, but those of this training are {fed} mm: ")
            + $"bring them to that size, with {nameof(ExperimentSettings.Spacing)} {string.Join(',', target.Select(Text))} and "
                + $"{nameof(ExperimentSettings.SubsamplingFactor)} 1.",
            nameof(ExperimentSettings.Spacing),
            nameof(ExperimentSettings.SubsamplingFactor));
    }

    // Without a reader that reorients, arrays are as they lie in the files. Mirror images are harmless for a network that was trained on mirrored ones, as by
    // default; axes in another order are not.
    private void CompareOrientations(NnUNetPreprocessing learned, VolumeGrid[] grids, IExperimentDisplay display)
    {
        string[] others = [.. grids.Select(grid => grid.Orientation).Distinct().Where(orientation => orientation != Orientation.RAS)
            .Select(orientation => orientation.ToString())];
        if (learned.ReorientsToRas || others.Length == 0)
            return;
        string files = string.Join(", ", others);
        if (others.Any(codes => codes[0] is not ('R' or 'L') || codes[1] is not ('A' or 'P')))
        {
            throw new ExperimentException(
                $"The teacher '{Path}' has learned from images as they lie in their files, of which here some lie {files}, so that their axes are in another "
                    + "order than those that it would see: bring the files to the orientation RAS, and train it on these.");
        }

        display.Warn($"Warning: the teacher '{Path}' has learned from images as they lie in their files. Files of this data set lie {files}, and are "
            + "brought to RAS here, so it sees mirror images of them, which is harmless only where it was trained on mirrored images, "
            + "as nnU-Net does by default.");
    }

    private static string Name(Normalization normalization) => normalization.Kind.ToString().ToLowerInvariant();

    private static string Range(double[] lengths, int factor) => lengths.Max() - lengths.Min() <= SizeTolerance * lengths.Min()
        ? Text(lengths.Min() * factor)
        : $"{Text(lengths.Min() * factor)}-{Text(lengths.Max() * factor)}";

    private static string Text(double length) => length.ToString("0.####", CultureInfo.InvariantCulture);
}
