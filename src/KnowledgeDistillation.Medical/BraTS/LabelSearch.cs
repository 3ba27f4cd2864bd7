using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// Finds the one convention of a data set from the names of its files and the labels that occur in all its cases: a case alone may hold no enhancing tumor,
/// or a 4 that is a cavity.
/// </summary>
internal static class LabelSearch
{
    /// <summary>The convention of the data set, and why cases contradict it (null for those that do not).</summary>
    /// <param name="cases">The files of each case, and the labels other than 0 in its segmentation; null where it has none or it was not read.</param>
    /// <param name="namesOf2023">The cases whose files are named as since 2023.</param>
    public static FoundLabels Find(IReadOnlyList<CaseLabels> cases, IReadOnlySet<CaseFiles> namesOf2023)
    {
        string?[] faults = new string?[cases.Count];
        LabelConvention?[] evidence = new LabelConvention?[cases.Count];
        (bool newHasThree, bool newHasFour) = (Any(files => namesOf2023.Contains(files) && !CaseFinder.IsPediatric(files.Id), 3), Any(namesOf2023.Contains, 4));
        bool childHasFour = Any(files => CaseFinder.IsPediatric(files.Id), 4);
        for (int i = 0; i < cases.Count; i++)
            (evidence[i], faults[i]) = Judge(cases[i].Files, cases[i].Present);

        // Data sets of 2024 hold cases without a cavity, which look like those of 2023.
        if (evidence.Contains(BraTSLabelConvention.BraTS2024))
            evidence = [.. evidence.Select(found => found == BraTSLabelConvention.BraTS2023 ? BraTSLabelConvention.BraTS2024 : found)];
        LabelConvention byNames = cases.GroupBy(item => item.Files.Labels ?? item.Files.ExpectedLabels!)
            .OrderByDescending(group => group.Count()).Select(group => group.Key).FirstOrDefault() ?? BraTSLabelConvention.BraTS2018;
        var votes = evidence.OfType<LabelConvention>().GroupBy(found => found)
            .OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key == byNames)
            .ThenBy(group => group.Key.ToText(), StringComparer.Ordinal)
            .ToArray();
        LabelConvention labels = votes.Length > 0 ? votes[0].Key : byNames;
        for (int i = 0; i < cases.Count; i++)
        {
            if (evidence[i] is { } other && other != labels)
            {
                faults[i] =
                    $"its labels ({Numbers(cases[i].Present)}) follow {other.ToText()}, but {votes[0].Count()} of the {votes.Sum(group => group.Count())} "
                        + $"cases that tell follow {labels.ToText()}: a data set has one meaning of labels; "
                        + "separate them, or say what the labels mean (set Labels).";
            }
        }

        return new FoundLabels(labels, faults);

        bool Any(Func<CaseFiles, bool> ofKind, int label) =>
            cases.Any(item => item.Files.Labels is null && ofKind(item.Files) && item.Present?.Contains(label) == true);

        (LabelConvention? Evidence, string? Fault) Judge(CaseFiles files, IReadOnlySet<int>? present)
        {
            if (files.Labels is not null)
                return (files.Labels, null);
            if (present is null || present.Count == 0)
                return (null, null);
            if (CaseFinder.IsPediatric(files.Id))
            {
                return childHasFour
                    ? (BraTSLabelConvention.Pediatric, null)
                    : (null, $"it is unclear what its labels ({Numbers(present)}) mean, because those of children's tumors changed: they were "
                        + $"{BraTSLabelConvention.BraTS2023.ToText()} in 2023 and are {BraTSLabelConvention.Pediatric.ToText()} since, and no case holds a 4; "
                        + "say what they mean (set Labels).");
            }

            (bool three, bool four) = (present.Contains(3), present.Contains(4));
            if (!three && !four)
                return (null, null);
            if (namesOf2023.Contains(files))
            {
                return newHasThree
                    ? (newHasFour ? BraTSLabelConvention.BraTS2024 : BraTSLabelConvention.BraTS2023, null)
                    : (null, "it holds label 4, which in data sets with such file names is a resection cavity, but no case holds 3, enhancing tumor, so that 4 "
                        + "may be enhancing tumor as until 2021; say what the labels mean (set Labels).");
            }

            return (three, four) switch
            {
                (true, true) => (null, "The segmentation holds both label 3 and label 4, so it is unclear which of them is enhancing tumor; "
                    + "say what the labels mean (set Labels)."),
                (true, false) => (BraTSLabelConvention.BraTS2023, null),
                _ => (BraTSLabelConvention.BraTS2018, null),
            };
        }
    }

    private static string Numbers(IReadOnlySet<int>? present) => string.Join(", ", (present ?? new HashSet<int>()).Order().Take(8));
}
