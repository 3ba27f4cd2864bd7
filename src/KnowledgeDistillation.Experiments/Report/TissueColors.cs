using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using SkiaSharp;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>The colors of the classes in pictures; they stay apart for color-blind readers and on gray.</summary>
internal static class TissueColors
{
    // From class 1 on; of more classes than there are colors, some share one.
    private static readonly string[] Colors = ["#e5484d", "#3fa9f5", "#f6c445", "#30a46c", "#8e4ec6", "#f76b15", "#f5a3c7", "#7ce2fe"];

    private static readonly byte[] OrderOfBraTS =
        [BraTSLabelConvention.EnhancingClass, BraTSLabelConvention.NecrosisClass, BraTSLabelConvention.EdemaClass];

    /// <summary>The classes of a data set with their colors.</summary>
    public static IReadOnlyList<(string Name, string Hex)> LegendOf(LabelConvention labels)
    {
        IReadOnlyList<string> names = labels.Map.Names;
        return names.SequenceEqual(BraTSLabelConvention.BraTS2018.Map.Names)
            ? [.. OrderOfBraTS.Select(number => (number == BraTSLabelConvention.NecrosisClass ? "necrosis, non-enhancing core" : names[number], Hex(number)))]
            : [.. Enumerable.Range(1, names.Count - 1).Select(number => (names[number], Hex((byte)number)))];
    }

    public static SKColor? Of(byte tissue) => tissue is 0 or byte.MaxValue ? null : SKColor.Parse(Hex(tissue));

    private static string Hex(byte number) => Colors[(number - 1) % Colors.Length];
}
