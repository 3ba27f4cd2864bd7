using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>What a reproduction does with one seed: its cases, its runs and their folder.</summary>
internal sealed class ReproductionPart
{
    private readonly Dictionary<int, PreparedData> _prepared = [];

    /// <summary>What the names of its runs begin with where there are several seeds, for example "seed-1/".</summary>
    public required string Prefix { get; init; }

    /// <summary>Where its cases come from, and the settings that all its runs share.</summary>
    public required ReproductionData Data { get; init; }

    /// <summary>The opened data set; null for phantoms.</summary>
    public required MedicalDataset? Dataset { get; init; }

    /// <summary>Where everything goes.</summary>
    public required ReproductionFolder Folder { get; init; }

    /// <summary>All runs.</summary>
    public required IReadOnlyList<PlannedRun> Plan { get; init; }

    /// <summary>Those that this process does.</summary>
    public required IReadOnlyList<PlannedRun> Own { get; init; }

    /// <summary>Those of which it may do the teachers that its own runs wait for, if nobody does.</summary>
    public required IReadOnlyList<PlannedRun> Chosen { get; init; }

    /// <summary>The rows of tables that were asked for; the others are not missed.</summary>
    public required IReadOnlySet<string> Rows { get; init; }

    public ExperimentSettings Settings => Data.Settings;

    /// <summary>The results of one of its runs.</summary>
    public RunResults ResultsOf(PlannedRun run) => Folder.Of(run.Id);

    /// <summary>Refuses a folder that holds something else, and writes nothing.</summary>
    /// <exception cref="ExperimentException">It does.</exception>
    public void Check() => Folder.Check(Settings, Data.Describe(Dataset));

    /// <summary>Takes the folder.</summary>
    /// <exception cref="ExperimentException">It holds something else.</exception>
    public void Open() => Folder.Open(Settings, Data.Describe(Dataset));

    /// <summary>Makes the phantoms and prepares the images, once; for each fold by itself where it must be.</summary>
    public PreparedData Prepare(int fold, TimeSpan claimLimit, IExperimentDisplay display, CancellationToken cancellation)
    {
        fold = Data.DependsOnFold ? fold : 0;
        if (!_prepared.TryGetValue(fold, out PreparedData? prepared))
            _prepared.Add(fold, prepared = Data.Prepare(Dataset, fold, Folder, claimLimit, display, cancellation));
        return prepared;
    }

    /// <summary>How far it is.</summary>
    public ReproductionState Read()
    {
        ReproductionState state = ReproductionStates.Read(Settings, Data.Name, [.. Plan.Where(run => Rows.Contains(run.Row))], Folder);
        return state with { LeftOut = [.. Plan.Select(run => run.Row).Except(state.Plan.Select(run => run.Row))] };
    }
}
