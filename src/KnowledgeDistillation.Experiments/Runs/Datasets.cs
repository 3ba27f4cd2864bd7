using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Phantoms;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Opens data sets in the way that is common to all experiments.</summary>
public static class Datasets
{
    /// <summary>Opens a folder, and shows which of its cases are left out.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="modalities">The modalities that each case must have.</param>
    /// <param name="skipFaulty">Whether cases that cannot be used are left out.</param>
    /// <param name="display">Where that is shown.</param>
    /// <exception cref="BraTSDatasetException">There are no cases, or one cannot be used and none may be left out.</exception>
    public static BraTSDataset Open(string folder, IReadOnlyList<string> modalities, bool skipFaulty, IExperimentDisplay display)
    {
        BraTSDataset dataset = BraTSDataset.Open(folder, new BraTSDatasetOptions
        {
            RequiredModalities = modalities,
            FaultyCases = skipFaulty ? FaultyCaseHandling.Skip : FaultyCaseHandling.Stop,
        });
        foreach (BraTSCaseFault fault in dataset.Faults)
            display.Warn($"Left out: {fault}");
        return dataset;
    }

    /// <summary>Opens the phantoms of some settings, which are made where they are not there.</summary>
    public static BraTSDataset OpenPhantoms(string folder, ExperimentSettings settings, IExperimentDisplay display, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
        {
            display.Say($"Making {settings.PhantomCases} phantom patients in {folder}");
            new BraTSPhantom(settings.PhantomOptions()).WriteDataset(folder, settings.PhantomCases, cancellation);
        }

        return BraTSDataset.Open(folder);
    }
}
