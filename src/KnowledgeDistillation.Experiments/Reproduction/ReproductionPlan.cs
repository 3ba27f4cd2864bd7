using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Which runs a reproduction has, teachers before their students.</summary>
/// <param name="Settings">The settings that all share.</param>
/// <param name="Variants">What is trained beside the paper's tables, of <see cref="ReproductionVariants.Names"/>.</param>
/// <param name="Modalities">The modalities that baseline and student see instead of T1ce in further runs.</param>
internal sealed record ReproductionPlan(ExperimentSettings Settings, IReadOnlyList<string> Variants, IReadOnlyList<string> Modalities)
{
    /// <summary>The same with another seed.</summary>
    public ReproductionPlan With(int seed) => this with { Settings = Settings with { Seed = seed } };

    /// <summary>The same for the modalities and labels of a data set.</summary>
    public ReproductionPlan With(DatasetDescription data) => this with { Settings = Settings with { Data = data } };

    /// <summary>All runs: fold by fold, those on which others depend first.</summary>
    public IReadOnlyList<PlannedRun> Runs() => [.. Enumerable.Range(1, Settings.Folds).SelectMany(fold => InFold(Settings with { Fold = fold }))];

    /// <summary>Refuses settings with which a run could not work, before anything is read or written.</summary>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void Validate()
    {
        Settings.ValidatePhantom();
        // The folds differ in their cases only.
        foreach (PlannedRun run in InFold(Settings))
            run.System.Validate(run.Settings, run.Modality, run.System.NeedsTeacher ? 1 : 0);
    }

    private IEnumerable<PlannedRun> InFold(ExperimentSettings settings)
    {
        // A network without skip connections to leave out has one form.
        int?[] forms = settings.AllSkipConnections is { } all ? [all, 0] : [null];
        ExperimentSettings withSkips = settings with { SkipConnections = forms[0] };
        SegmentationSystem[] table2 = [.. SegmentationSystems.All.Where(system => system.Table == PaperTable.Table2)];
        foreach (SegmentationSystem system in table2.Where(system => !system.NeedsTeacher))
        {
            foreach (int? skips in forms)
                yield return Run(system, settings with { SkipConnections = skips });
        }

        // As in Table 2, the whole comes after its parts.
        foreach (SegmentationSystem system in table2.Where(system => system.NeedsTeacher).OrderBy(system => system == SegmentationSystems.KDNet))
        {
            foreach (int? skips in forms)
            {
                foreach (PlannedRun run in Students(system, settings with { SkipConnections = skips }, settings.StudentModality))
                    yield return run;
            }
        }

        foreach (SegmentationSystem system in SegmentationSystems.All.Where(system => system.Table == PaperTable.Table1))
            yield return OfSource(system, settings);
        foreach (PlannedRun run in Variants.SelectMany(variant => InVariant(variant, withSkips)))
            yield return run;
        foreach (string modality in Modalities)
        {
            yield return Run(SegmentationSystems.Baseline, withSkips, modality);
            foreach (PlannedRun run in Students(SegmentationSystems.KDNet, withSkips, modality))
                yield return run;
        }
    }

    private static IEnumerable<PlannedRun> InVariant(string variant, ExperimentSettings settings)
    {
        if (ReproductionVariants.NetworkOf(variant) is { } network)
        {
            // Where it is the network of all runs, the tables have it already.
            if (network.Equals(settings.Network, StringComparison.OrdinalIgnoreCase))
                return [];
            ExperimentSettings other = settings with { Network = network };
            other = other with { SkipConnections = other.AllSkipConnections };
            return
            [
                Run(SegmentationSystems.Teacher, other),
                Run(SegmentationSystems.Baseline, other),
                .. Students(SegmentationSystems.KDNet, other, other.StudentModality),
            ];
        }

        SegmentationSystem system = SegmentationSystems.Of(variant);
        return system.Weights == SegmentationSystems.KDNet.Weights ? Students(system, settings, settings.StudentModality) : [OfSource(system, settings)];
    }

    // Where T or α are not the paper's, both have their row.
    private static IEnumerable<PlannedRun> Students(SegmentationSystem system, ExperimentSettings settings, string modality)
    {
        if (system.WeightsWith(settings) == system.Weights)
            return [Run(system, settings, modality)];
        ExperimentSettings literal = settings with { Lambda = null, Temperature = null, Alpha = null };
        return
        [
            Run(system, settings, modality, "tuned"),
            Run(system, literal, modality, "literal"),
        ];
    }

    // Their own sources' weights, learning rates apart; networks for any modalities have skip connections of their own kind.
    private static PlannedRun OfSource(SegmentationSystem system, ExperimentSettings settings)
    {
        ExperimentSettings own = settings with
        {
            Lambda = null,
            Temperature = null,
            Alpha = null,
            Network = system.Network is null ? settings.Network : null,
            SkipConnections = system.Inputs == SystemInputs.AnyModalities ? null : settings.SkipConnections,
        };
        return Run(system, own);
    }

    private static PlannedRun Run(
        SegmentationSystem system,
        ExperimentSettings settings,
        string? modality = null,
        string? weighting = null)
    {
        modality ??= settings.StudentModality;
        string network = settings.Network?.ToLowerInvariant() ?? "";
        string skips = settings.SkipConnections is { } number ? $"{number}-skips" : "";
        string other = modality == settings.StudentModality ? "" : modality;
        ExperimentSettings teacher = settings with { Lambda = null, Temperature = null, Alpha = null };
        return new PlannedRun
        {
            Row = string.Join('-', new[] { network, system.Name, weighting ?? "", skips, other }.Where(part => part.Length > 0)),
            Title = Title(system, settings, other),
            Weighting = weighting,
            Objective = system.Objective ?? TermsOf(system, settings),
            System = system,
            Settings = settings,
            Modality = modality,
            Teacher = system.NeedsTeacher ? Run(SegmentationSystems.Teacher, teacher).Id : null,
        };
    }

    private static string Title(SegmentationSystem system, ExperimentSettings settings, string modality)
    {
        string name = system == SegmentationSystems.KDNet ? "KD-Net" : system.Title;
        string network = settings.Network is null or NetworkNames.UNet ? "" : $" ({settings.Network})";
        string on = modality.Length > 0 ? $" on {BraTSModality.Title(modality)}" : "";
        return name + network + on;
    }

    private static string TermsOf(SegmentationSystem system, ExperimentSettings settings)
    {
        var inputs = ObjectiveInputs.Of(system, settings, settings.StudentModality, system.NeedsTeacher ? 1 : 0, CPU);
        return string.Join(" → ", system.Stages.Select(stage =>
        {
            using WeightedObjective objective = stage.Objective(inputs);
            return string.Join(" + ", objective.Terms.Select(term => term.Name));
        }));
    }
}
