using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Samples.BraTS.Output;
using Spectre.Console;

namespace KnowledgeDistillation.Samples.BraTS.Inspection;

/// <summary>Writes what an inspection found.</summary>
internal static class InspectionText
{
    private const int CasesShown = 5;

    public static void Show(DatasetInspection inspection, int cropEdge, bool quick, Display display)
    {
        IReadOnlyList<MedicalCase> cases = inspection.Dataset.Cases;
        IReadOnlyList<string> modalities = inspection.Dataset.Modalities;
        int complete = cases.Count(item => modalities.All(item.Images.ContainsKey));
        display.Say($"Layout      {inspection.Layout}");
        display.Say(
            $"Cases       {cases.Count} can be read{(inspection.Dataset.Faults.Count > 0 ? $", {inspection.Dataset.Faults.Count} cannot (below)" : "")}");
        display.Say("Group       "
            + $"{string.Join(", ", cases.GroupBy(item => item.Group).OrderByDescending(group => group.Key, StringComparer.Ordinal).Select(OfGroup))}");
        display.Say($"Modalities  {complete} with all of {string.Join(", ", modalities.Select(BraTSModality.Title))}{Lacking(cases, modalities)}");
        display.Say($"Reference   {cases.Count(item => item.SegmentationPath is not null)} with a segmentation");
        display.Say($"Labels      {inspection.Dataset.Labels.ToText()}{(quick ? " by the names of the files" : "")}");
        foreach ((string grid, int count) in inspection.Grids)
            display.Say($"Grid        {count} with {grid}");
        if (quick)
            display.Say("Voxels      not read (--quick)");
        ShowDisagreements(inspection, display);
        ShowBackgrounds(inspection, display);
        foreach (string warning in inspection.Dataset.Warnings)
            display.Say($"Warning     {OptionNames.InText(warning)}");
        ShowFaults(inspection, display);
        if (inspection.Tumors.Count > 0)
            ShowTumors(inspection, cropEdge, display);
        display.Say();
        display.Say(Usable(inspection.Dataset));
    }

    private static string OfGroup(IGrouping<string?, MedicalCase> cases) => $"{cases.Count()} {cases.Key ?? "unknown"}";

    private static string Lacking(IReadOnlyList<MedicalCase> cases, IReadOnlyList<string> modalities) => string.Concat(modalities
        .Select(modality => (modality, count: cases.Count(item => !item.Images.ContainsKey(modality))))
        .Where(lacking => lacking.count > 0)
        .Select(lacking => $"; {lacking.count} without {BraTSModality.Title(lacking.modality)}"));

    private static void ShowDisagreements(DatasetInspection inspection, Display display)
    {
        foreach ((string name, string modality, string sizes) in inspection.Disagreements.Take(CasesShown))
            display.Say($"Geometry    {name}, {BraTSModality.Title(modality)}: sform and voxel sizes disagree: {sizes}");
        if (inspection.Disagreements.Count > CasesShown)
            display.Say($"            and {inspection.Disagreements.Count - CasesShown} more images");
    }

    private static void ShowBackgrounds(DatasetInspection inspection, Display display)
    {
        foreach (string modality in inspection.Dataset.Modalities)
        {
            (string, float)[] others =
            [
                .. inspection.Dataset.Examinations.OrderBy(item => item.Key, StringComparer.Ordinal)
                    .Where(item => item.Value.Images.GetValueOrDefault(modality)?.HasOtherBackground == true)
                    .Select(item => (item.Key, item.Value.Images[modality].Border)),
            ];
            if (others.Length > 0)
                display.Say($"Warning     {OptionNames.InText(BackgroundText.Of(modality, others, inspection.Dataset.Examinations.Count))}");
        }
    }

    private static void ShowFaults(DatasetInspection inspection, Display display)
    {
        if (inspection.Dataset.Faults.Count == 0)
            return;
        display.Say();
        display.Heading("Cases that cannot be used");
        foreach (CaseFault fault in inspection.Dataset.Faults)
            display.Say($"  {OptionNames.InText(fault.ToString())}");
    }

    private static void ShowTumors(DatasetInspection inspection, int cropEdge, Display display)
    {
        ForegroundVoxels[] tumors = [.. inspection.Tumors.Select(tumor => tumor.Voxels)];
        long total = tumors.Sum(tumor => (long)tumor.Total);
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Label").AddColumn(new TableColumn("Share of the volume").RightAligned())
            .AddColumn(new TableColumn("Share of all labels").RightAligned())
            .AddColumn(new TableColumn("Cases without it").RightAligned());
        IReadOnlyList<string> names = inspection.Dataset.Labels.Map.Names;
        for (int number = 1; number < names.Count; number++)
        {
            int own = number;
            AddRow(names[own], tumor => tumor[own]);
        }

        AddRow("all together", tumor => tumor.Total);
        display.Say();
        display.Show(table);

        long kept = tumors.Sum(tumor => (long)tumor.Kept);
        var worst = inspection.Tumors.Where(tumor => tumor.Voxels.LostShare > 0).OrderByDescending(tumor => tumor.Voxels.LostShare).ToArray();
        display.Say();
        display.Say($"A central crop to {cropEdge}³ loses {Percent(total - kept, total)} of all labeled voxels, in {worst.Length} of {tumors.Length} cases.");
        foreach (var (item, _, voxels) in worst.Take(CasesShown))
            display.Say($"  {item.Id}: {Percent(voxels.Total - voxels.Kept, voxels.Total)}");
        if (worst.Length > CasesShown)
            display.Say($"  and less in {worst.Length - CasesShown} more");

        void AddRow(string name, Func<ForegroundVoxels, int> count)
        {
            long voxels = tumors.Sum(tumor => (long)count(tumor));
            table.AddRow(
                name,
                Percent(voxels, inspection.Volume),
                Percent(voxels, total),
                tumors.Count(tumor => count(tumor) == 0).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static string Usable(MedicalDataset dataset)
    {
        int trainable = dataset.Cases.Count(item => item.SegmentationPath is not null && dataset.Modalities.All(item.Images.ContainsKey));
        string[] single = [.. dataset.Modalities.Select(modality =>
            $"{BraTSModality.Title(modality)} {dataset.Cases.Count(item => item.Images.ContainsKey(modality))}")];
        return $"For training teacher and student (all modalities and a reference): {TrainingText.Cases(trainable)}. "
            + $"For segmentation by a student: {string.Join(", ", single)}.";
    }

    private static string Percent(long part, long whole) => whole == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.00} %");
}
