using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Opens data sets in the way that is common to all experiments.</summary>
public static class Datasets
{
    /// <summary>The settings with the modalities and labels of a data set, as far as the names of its files tell.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="settings">The settings.</param>
    /// <exception cref="MedicalDatasetException">There are no cases.</exception>
    /// <exception cref="ExperimentException">The settings name a modality that the data set lacks.</exception>
    public static ExperimentSettings Describe(string folder, ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings = settings with { Data = MedicalDataset.Describe(folder, new MedicalDatasetOptions { Labels = settings.LabelConvention }) };
        _ = settings.Modalities;
        return settings;
    }

    /// <summary>Opens a folder, and tells which of its cases are left out and what else is worth knowing.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="modalities">The modalities that each case must have.</param>
    /// <param name="skipFaulty">Whether cases that cannot be used are left out, for which the voxels of all of them are looked at.</param>
    /// <param name="display">Where it is told.</param>
    /// <param name="settings">What the labels mean and how background is mended; null for what the data set itself tells.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="MedicalDatasetException">There are no cases, or one cannot be used and none may be left out.</exception>
    public static MedicalDataset Open(
        string folder,
        IReadOnlyList<string> modalities,
        bool skipFaulty,
        IExperimentDisplay display,
        ExperimentSettings? settings = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(display);
        settings ??= new ExperimentSettings();
        var dataset = MedicalDataset.Open(folder, new MedicalDatasetOptions
        {
            RequiredModalities = modalities,
            FaultyCases = skipFaulty ? FaultyCaseHandling.Skip : FaultyCaseHandling.Stop,
            Labels = settings.LabelConvention,
            // Where all voxels are looked at, references are read then.
            VerifySegmentations = !skipFaulty,
        });
        if (skipFaulty)
            dataset = Examine(dataset, settings.Preprocessing(modalities), display, cancellation);
        return Told(dataset, display);
    }

    /// <summary>Opens all cases of a folder, also those without a reference, and tells which are left out.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="skipFaulty">Whether cases that cannot be used are left out.</param>
    /// <param name="display">Where it is told.</param>
    /// <param name="settings">What the labels mean.</param>
    /// <exception cref="MedicalDatasetException">There are no cases, or one cannot be used and none may be left out.</exception>
    public static MedicalDataset OpenAll(string folder, bool skipFaulty, IExperimentDisplay display, ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(display);
        ArgumentNullException.ThrowIfNull(settings);
        var dataset = MedicalDataset.Open(folder, new MedicalDatasetOptions
        {
            RequireSegmentation = false,
            FaultyCases = skipFaulty ? FaultyCaseHandling.Skip : FaultyCaseHandling.Stop,
            Labels = settings.LabelConvention,
        });
        return Told(dataset, display);
    }

    /// <summary>Looks at the voxels of all cases, showing how far it is.</summary>
    internal static MedicalDataset Examine(
        MedicalDataset dataset, PreprocessingOptions preprocessing, IExperimentDisplay display, CancellationToken cancellation) =>
        display.ShowCount("reading cases", dataset.Cases.Count, progress => dataset.Examine(preprocessing, progress, cancellation));

    /// <summary>Opens the phantoms of some settings, which are made where they are not there.</summary>
    public static MedicalDataset OpenPhantoms(string folder, ExperimentSettings settings, IExperimentDisplay display, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
        {
            display.Say($"Making {settings.PhantomCases} phantom patients in {folder}");
            new BraTSPhantom(settings.PhantomOptions()).WriteDataset(folder, settings.PhantomCases, cancellation);
        }

        return MedicalDataset.Open(folder, new MedicalDatasetOptions { Labels = settings.LabelConvention });
    }

    private static MedicalDataset Told(MedicalDataset dataset, IExperimentDisplay display)
    {
        foreach (string warning in dataset.Warnings)
            display.Warn($"Warning: {warning}");
        foreach (CaseFault fault in dataset.Faults)
            display.Warn($"Left out: {fault}");
        return dataset;
    }
}
