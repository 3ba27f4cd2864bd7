using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// Knows cases of BraTS where they lie in the layout of another challenge, so that they have the same modalities, classes and regions as elsewhere.
/// </summary>
internal static class BraTSDescription
{
    private static readonly Dictionary<string, string> Modalities = new(StringComparer.OrdinalIgnoreCase)
    {
        ["FLAIR"] = BraTSModality.Flair,
        ["T2F"] = BraTSModality.Flair,
        ["T1"] = BraTSModality.T1,
        ["T1w"] = BraTSModality.T1,
        ["T1n"] = BraTSModality.T1,
        ["T1gd"] = BraTSModality.T1ce,
        ["T1ce"] = BraTSModality.T1ce,
        ["T1c"] = BraTSModality.T1ce,
        ["T2"] = BraTSModality.T2,
        ["T2w"] = BraTSModality.T2,
    };

    /// <summary>The modalities and labels of BraTS, where channels and labels are both such: other diseases are seen in the same images.</summary>
    /// <param name="channels">The names of the channels.</param>
    /// <param name="labels">What the labels mean as tissues of BraTS; null where they mean something else.</param>
    /// <returns>The modality of each channel, those of BraTS in their usual order, and the labels; null where it is no BraTS.</returns>
    public static (string[] ByChannel, string[] InOrder, LabelConvention Labels)? Of(IReadOnlyList<string> channels, LabelConvention? labels) =>
        labels is not null && ModalitiesOf(channels) is { } modalities
            ? (modalities, [.. BraTSModality.All.Where(modalities.Contains)], labels)
            : null;

    /// <summary>The names of the challenges for channels; null where one of them is no image of BraTS, or two are the same.</summary>
    private static string[]? ModalitiesOf(IReadOnlyList<string> channels)
    {
        string[] names = [.. channels.Select(name => Modalities.GetValueOrDefault(name, ""))];
        return names.Contains("") || names.Distinct().Count() < names.Length ? null : names;
    }

    /// <summary>The convention that labels follow, judged by their names; null where they are no tissues of BraTS.</summary>
    /// <param name="labels">The names of the labels that are not background, each with its numbers, and of those that are ignored.</param>
    public static LabelConvention? LabelsOf(IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)> labels)
    {
        Dictionary<int, int> ignored = labels.Where(label => LabelConvention.OtherClassOf(label.Name) == LabelMap.Ignored)
            .SelectMany(label => label.Numbers).ToDictionary(number => number, _ => LabelMap.Ignored);
        (string Name, IReadOnlyList<int> Numbers)[] tissues =
            [.. labels.Where(label => LabelConvention.OtherClassOf(label.Name) is null).Select(label => (Plain(label.Name), label.Numbers))];
        if (tissues.Length != 3)
            return null;
        IReadOnlyList<int>? enhancing = NumbersOf("enhancing tumor", "enhancing", "et");
        if (NumbersOf("whole tumor", "wt") is { Count: 3 } whole && NumbersOf("tumor core", "tc", "core") is { Count: 2 } core && enhancing is [var inner]
            && core.Contains(inner) && core.All(whole.Contains))
        {
            return BraTSLabelConvention.Of(core.Single(number => number != inner), whole.Single(number => !core.Contains(number)), inner, ignored);
        }

        return enhancing is [var rim] && NumbersOf("edema", "peritumoral edema", "ed") is [var edema]
            && NumbersOf(
                "necrosis", "non enhancing tumor", "necrosis and non enhancing tumor", "necrotic tumor core", "non enhancing tumor core", "ncr", "net")
                is [var necrosis]
            ? BraTSLabelConvention.Of(necrosis, edema, rim, ignored)
            : null;

        IReadOnlyList<int>? NumbersOf(params ReadOnlySpan<string> names)
        {
            foreach ((string name, IReadOnlyList<int> numbers) in tissues)
            {
                if (names.Contains(name))
                    return numbers;
            }

            return null;
        }
    }

    private static string Plain(string name) => string.Join(' ', name.ToLowerInvariant().Replace("tumour", "tumor").Replace("oedema", "edema")
        .Split([' ', '_', '-', '/'], StringSplitOptions.RemoveEmptyEntries));
}
