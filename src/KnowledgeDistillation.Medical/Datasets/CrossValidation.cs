using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>Splits cases for a cross-validation: seeded, and with the same mixture of groups, such as grades, in each part, where they are known.</summary>
public static class CrossValidation
{
    /// <summary>Splits cases. The result depends on names, groups, and options, not on the order of the cases.</summary>
    /// <param name="cases">The cases.</param>
    /// <param name="options">Number of folds and so on.</param>
    /// <param name="groupOf">What each part is to have an equal share of; default: <see cref="MedicalCase.Group"/>.</param>
    /// <returns>The folds; within each part, cases are sorted by name.</returns>
    /// <exception cref="ArgumentException">An option is wrong, a name occurs twice, or there are too few cases to fill each part.</exception>
    public static IReadOnlyList<CrossValidationFold> Split(
        IReadOnlyList<MedicalCase> cases, CrossValidationOptions? options = null, Func<MedicalCase, string?>? groupOf = null)
    {
        ArgumentNullException.ThrowIfNull(cases);
        options ??= new();
        groupOf ??= item => item.Group;
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

        List<MedicalCase>[] parts = [.. Enumerable.Range(0, options.Folds).Select(_ => new List<MedicalCase>())];
        int next = 0;
        // The groups go on where the one before stopped, so that the sizes of the folds differ by one at most.
        foreach (MedicalCase item in Mixed(cases, groupOf, options.Seed).SelectMany(group => group))
            parts[next++ % options.Folds].Add(item);

        CrossValidationFold[] folds = new CrossValidationFold[options.Folds];
        for (int fold = 0; fold < options.Folds; fold++)
        {
            MedicalCase[] test = Sorted(parts[fold]);
            MedicalCase[] rest = [.. parts.Where((_, index) => index != fold).SelectMany(part => part)];
            if (options.ValidateOnTest)
            {
                folds[fold] = new CrossValidationFold(Sorted(rest), test, test);
                continue;
            }

            HashSet<MedicalCase> validation = HoldOut(rest, groupOf, options, SeedMixer.Mix(options.Seed, fold));
            folds[fold] = new CrossValidationFold(Sorted(rest.Where(item => !validation.Contains(item))), Sorted(validation), test);
        }

        return folds;
    }

    /// <summary>
    /// The folds that a data set prescribes (<see cref="MedicalDataset.Splits"/>): its cases for validation are scored, as there is no third part.
    /// </summary>
    /// <param name="dataset">The data set. Names that it does not have, for example of cases that were left out, are passed over.</param>
    /// <param name="options">Only <see cref="CrossValidationOptions.ValidationShare"/>, part and seed count: they hold out cases of the training part, so that
    /// the checkpoint is not chosen by the cases that are scored.</param>
    /// <exception cref="ArgumentException">The data set prescribes no folds, or a part of one is empty.</exception>
    public static IReadOnlyList<CrossValidationFold> Prescribed(MedicalDataset dataset, CrossValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        options ??= new();
        options.Validate();
        if (dataset.Splits.Count == 0)
            throw new ArgumentException($"The data set in '{dataset.Folder}' prescribes no folds.", nameof(dataset));
        return [.. dataset.Splits.Select((split, fold) => Of(split.Training, split.Validation, fold))];

        CrossValidationFold Of(IReadOnlyList<string> training, IReadOnlyList<string> scored, int fold)
        {
            (MedicalCase[] rest, MedicalCase[] test) = (Named(training), Named(scored));
            if (rest.Length == 0 || test.Length == 0 || (rest.Length == 1 && !options.ValidateOnTest))
            {
                throw new ArgumentException(
                    $"Fold {fold + 1} that the data set in '{dataset.Folder}' prescribes has {rest.Length} case(s) "
                        + $"for training and {test.Length} to be scored.",
                    nameof(dataset));
            }

            if (options.ValidateOnTest)
                return new CrossValidationFold(Sorted(rest), test, test);
            HashSet<MedicalCase> validation = HoldOut(rest, item => item.Group, options, SeedMixer.Mix(options.Seed, fold));
            return new CrossValidationFold(Sorted(rest.Where(item => !validation.Contains(item))), Sorted(validation), test);
        }

        MedicalCase[] Named(IReadOnlyList<string> names) => Sorted(dataset.Cases.Where(item => names.Contains(item.Id)));
    }

    /// <summary>Takes a share of the cases, spread over the groups by their sizes.</summary>
    private static HashSet<MedicalCase> HoldOut(MedicalCase[] cases, Func<MedicalCase, string?> groupOf, CrossValidationOptions options, long seed)
    {
        int count = Math.Clamp((int)Math.Round(options.ValidationShare * cases.Length), 1, cases.Length - 1);
        int parts = Math.Min(options.ValidationParts, cases.Length / count);
        if (options.ValidationPart >= parts)
        {
            throw new ArgumentException($"With {cases.Length} cases outside the test fold there are only {parts} disjoint validation parts of {count}, "
                + $"so there is no part {options.ValidationPart} (counted from 0): choose a lower one, or use more cases.");
        }

        // Evenly spaced positions in a list that is sorted by group and shuffled within; each part has an offset of its own between them.
        // In whole numbers (of half a part), so that rounding cannot make two parts overlap.
        long offset = (parts + (2L * options.ValidationPart)) % (2 * parts);
        MedicalCase[] mixed = [.. Mixed(cases, groupOf, seed).SelectMany(group => group)];
        return [.. Enumerable.Range(0, count).Select(i => mixed[(int)(((2L * parts * i) + offset) * mixed.Length / (2L * parts * count))])];
    }

    /// <summary>The cases of each group, in random order; those without a group first.</summary>
    private static List<MedicalCase[]> Mixed(IEnumerable<MedicalCase> cases, Func<MedicalCase, string?> groupOf, long seed)
    {
        List<MedicalCase[]> groups = [];
        foreach (var group in cases.GroupBy(groupOf).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            MedicalCase[] members = Sorted(group);
            Shuffling.Shuffle<MedicalCase>(members, SeedMixer.Mix(seed, NumberOf(group.Key)));
            groups.Add(members);
        }

        return groups;
    }

    // Two groups have the numbers with which folds have been made before; any other has one that follows from its name (FNV-1a).
    private static long NumberOf(string? group) => group switch
    {
        null => 0,
        "high" => 1,
        "low" => 2,
        _ => group.Aggregate(unchecked((long)0xcbf29ce484222325), (hash, letter) => unchecked((hash ^ letter) * 0x100000001b3)),
    };

    private static MedicalCase[] Sorted(IEnumerable<MedicalCase> cases) => [.. cases.OrderBy(item => item.Id, StringComparer.Ordinal)];
}
