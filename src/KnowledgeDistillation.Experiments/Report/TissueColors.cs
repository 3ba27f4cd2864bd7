using KnowledgeDistillation.Medical.BraTS;
using SkiaSharp;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>The colors of the classes in pictures; they stay apart for color-blind readers and on gray.</summary>
internal static class TissueColors
{
    public static IReadOnlyList<(byte Class, string Name, string Hex)> All { get; } =
    [
        (BraTSLabelConvention.EnhancingClass, "enhancing tumor", "#f6c445"),
        (BraTSLabelConvention.NecrosisClass, "necrosis, non-enhancing core", "#e5484d"),
        (BraTSLabelConvention.EdemaClass, "edema", "#3fa9f5"),
    ];

    /// <summary>The same for a legend.</summary>
    public static IReadOnlyList<(string Name, string Hex)> Legend { get; } = [.. All.Select(tissue => (tissue.Name, tissue.Hex))];

    public static SKColor? Of(byte tissue)
    {
        foreach ((byte number, _, string hex) in All)
        {
            if (number == tissue)
                return SKColor.Parse(hex);
        }

        return null;
    }
}
