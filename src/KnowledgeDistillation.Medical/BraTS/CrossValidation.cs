using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>Splits cases for a cross-validation: seeded, and with the same mixture of grades in each part, where grades are known.</summary>
public static class CrossValidation
{
    /// <summary>Splits cases. The result depends on names, grades, and options, not on the order of the cases.</summary>
    /// <param name="cases">The cases.</param>
    /// <param name="options">Number of folds and so on.</param>
    /// <returns>The folds; within each part, cases are sorted by name.</returns>
    /// <exception cref="ArgumentException">An option is wrong, a name occurs twice, or there are too few cases to fill each part.</exception>
    public static IReadOnlyList<CrossValidationFold> Split(IReadOnlyList<BraTSCase> cases, CrossValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(cases);
        options ??= new();
        options.Validate();
        if (cases.GroupBy(item => item.Id, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } repeated)
            throw new ArgumentException($"The case name {repeated.Key} occurs twice.", nameof(cases));
        // Of two folds, the one that is not scored must hold a case for training and one for validation.
        int needed = options.Folds == 2 && !options.ValidateOnTest ? 4 : options.Folds;
        if (cases.Count < needed)
        {
            throw new ArgumentException(
                $"{options.Folds} folds need at least {needed} cases, but there are {cases.Count}; use fewer folds or more cases.", nameof(cases));
        }

        List<BraTSCase>[] parts = [.. Enumerable.Range(0, options.Folds).Select(_ => new List<BraTSCase>())];
        int next = 0;
        // The grades go on where the one before stopped, so that the sizes of the folds differ by one at most.
        foreach (BraTSCase item in Mixed(cases, options.Seed).SelectMany(grade => grade))
            parts[next++ % options.Folds].Add(item);

        CrossValidationFold[] folds = new CrossValidationFold[options.Folds];
        for (int fold = 0; fold < options.Folds; fold++)
        {
            BraTSCase[] test = Sorted(parts[fold]);
            BraTSCase[] rest = [.. parts.Where((_, index) => index != fold).SelectMany(part => part)];
            if (options.ValidateOnTest)
            {
                folds[fold] = new CrossValidationFold(Sorted(rest), test, test);
                continue;
            }

            HashSet<BraTSCase> validation = HoldOut(rest, options, SeedMixer.Mix(options.Seed, fold));
            folds[fold] = new CrossValidationFold(Sorted(rest.Where(item => !validation.Contains(item))), Sorted(validation), test);
        }

        return folds;
    }

    /// <summary>Takes a share of the cases, spread over the grades by their sizes.</summary>
    private static HashSet<BraTSCase> HoldOut(BraTSCase[] cases, CrossValidationOptions options, long seed)
    {
        int count = Math.Clamp((int)Math.Round(options.ValidationShare * cases.Length), 1, cases.Length - 1);
        int parts = Math.Min(options.ValidationParts, cases.Length / count);
        if (options.ValidationPart >= parts)
        {
            throw new ArgumentException($"With {cases.Length} cases outside the test fold there are only {parts} disjoint validation parts of {count}, "
                + $"so there is no part {options.ValidationPart} (counted from 0): choose a lower one, or use more cases.");
        }

        // Evenly spaced positions in a list that is sorted by grade and shuffled within; each part has an offset of its own between them.
        // In whole numbers (of half a part), so that rounding cannot make two parts overlap.
        long offset = (parts + (2L * options.ValidationPart)) % (2 * parts);
        BraTSCase[] mixed = [.. Mixed(cases, seed).SelectMany(grade => grade)];
        return [.. Enumerable.Range(0, count).Select(i => mixed[(int)(((2L * parts * i) + offset) * mixed.Length / (2L * parts * count))])];
    }

    /// <summary>The cases of each grade, in random order.</summary>
    private static List<BraTSCase[]> Mixed(IEnumerable<BraTSCase> cases, long seed)
    {
        List<BraTSCase[]> grades = [];
        foreach (var grade in cases.GroupBy(item => item.Grade).OrderBy(group => group.Key))
        {
            BraTSCase[] members = Sorted(grade);
            Shuffling.Shuffle<BraTSCase>(members, SeedMixer.Mix(seed, (long)grade.Key));
            grades.Add(members);
        }

        return grades;
    }

    private static BraTSCase[] Sorted(IEnumerable<BraTSCase> cases) => [.. cases.OrderBy(item => item.Id, StringComparer.Ordinal)];
}
