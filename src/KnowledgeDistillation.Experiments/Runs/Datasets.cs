using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Opens data sets in the way that is common to all experiments.</summary>
public static class Datasets
{
    /// <summary>Opens a folder, and tells which of its cases are left out and what else is worth knowing.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="modalities">The modalities that each case must have.</param>
    /// <param name="skipFaulty">Whether cases that cannot be used are left out, for which the voxels of all of them are looked at.</param>
    /// <param name="display">Where it is told.</param>
    /// <param name="settings">What the labels mean and how background is mended; null for what the data set itself tells.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="BraTSDatasetException">There are no cases, or one cannot be used and none may be left out.</exception>
    public static BraTSDataset Open(
        string folder,
        IReadOnlyList<string> modalities,
        bool skipFaulty,
        IExperimentDisplay display,
        ExperimentSettings? settings = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(display);
        settings ??= new ExperimentSettings();
        var dataset = BraTSDataset.Open(folder, new BraTSDatasetOptions
        {
            RequiredModalities = modalities,
            FaultyCases = skipFaulty ? FaultyCaseHandling.Skip : FaultyCaseHandling.Stop,
            Labels = settings.LabelConvention,
            // Where all voxels are looked at, references are read then.
            VerifySegmentations = !skipFaulty,
        });
        if (skipFaulty)
            dataset = Examine(dataset, settings.Preprocessing(modalities), display, cancellation);
        foreach (string warning in dataset.Warnings)
            display.Warn($"Warning: {warning}");
        foreach (BraTSCaseFault fault in dataset.Faults)
            display.Warn($"Left out: {fault}");
        return dataset;
    }

    /// <summary>Looks at the voxels of all cases, showing how far it is.</summary>
    internal static BraTSDataset Examine(
        BraTSDataset dataset, PreprocessingOptions preprocessing, IExperimentDisplay display, CancellationToken cancellation) =>
        display.ShowCount("reading cases", dataset.Cases.Count, progress => dataset.Examine(preprocessing, progress, cancellation));

    /// <summary>Opens the phantoms of some settings, which are made where they are not there.</summary>
    public static BraTSDataset OpenPhantoms(string folder, ExperimentSettings settings, IExperimentDisplay display, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
        {
            display.Say($"Making {settings.PhantomCases} phantom patients in {folder}");
            new BraTSPhantom(settings.PhantomOptions()).WriteDataset(folder, settings.PhantomCases, cancellation);
        }

        return BraTSDataset.Open(folder, new BraTSDatasetOptions { Labels = settings.LabelConvention });
    }
}
