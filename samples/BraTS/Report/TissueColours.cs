using KnowledgeDistillation.Medical;
using SkiaSharp;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The colours of the classes in pictures; they stay apart for colour-blind readers and on grey.</summary>
internal static class TissueColours
{
    public static IReadOnlyList<(byte Class, string Name, string Hex)> All { get; } =
    [
        (BraTSLabelConvention.EnhancingClass, "enhancing tumour", "#f6c445"),
        (BraTSLabelConvention.NecrosisClass, "necrosis, non-enhancing core", "#e5484d"),
        (BraTSLabelConvention.OedemaClass, "oedema", "#3fa9f5"),
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
