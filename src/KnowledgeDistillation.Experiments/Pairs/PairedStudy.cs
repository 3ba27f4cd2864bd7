using System.Collections.Immutable;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>
/// Whether KD-Net helps, asked of phantoms in a design that was fixed beforehand: pairs of networks, each with initial weights and training phantoms of its
/// own, a baseline and students that begin with the same weights, all of them scored on the same test phantoms. What is claimed is a t test over the pairs.
/// </summary>
/// <remarks>
/// A pair is a teacher, a baseline, a KD-Net student with the paper's weights, and one that compares with the soft targets by a squared Dice; every third
/// pair also has the students GT + KL and GT + KD. Stop it at any moment and in any way: the same study goes on where it was. Several processes, also on
/// several machines, that open the same folder share the pairs. Not safe for use by several threads at once.
/// </remarks>
public sealed class PairedStudy
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    private readonly PairedStudyOptions _options;
    private readonly IExperimentDisplay _display;
    private IReadOnlyList<EvaluationCase>? _test;

    private PairedStudy(string folder, PairedStudyOptions options, IExperimentDisplay display)
    {
        (Folder, _options, _display) = (Path.GetFullPath(folder), options, display);
        ExperimentSettings settings = PairRun.SettingsOf(1, options);
        settings.ValidatePhantom();
        foreach (PairSystem network in PairSystem.All)
            network.System.Validate(network.With(settings), BraTSModality.T1ce, network.System.NeedsTeacher ? 1 : 0);
        Remembered.RefuseOthers(Describe());
    }

    /// <summary>The folder of everything: a folder for each pair below pairs, the test phantoms, the tables and the report.</summary>
    public string Folder { get; }

    /// <summary>The number of pairs that are done, here or by another process.</summary>
    public int Finished => Enumerable.Range(1, _options.Pairs).Count(IsDone);

    private RememberedSettings Remembered => new(Path.Combine(Folder, "study.json"), "a study");

    // The phantoms of the test are made and prepared once, as those of a reproduction are.
    private ReproductionFolder TestFolder => new(Path.Combine(Folder, "test"));

    /// <summary>Plans a study, and refuses what cannot work before anything is written.</summary>
    /// <param name="folder">The folder of everything; it may hold the same study, of which what is done is not done again.</param>
    /// <param name="options">What is done; null for the defaults, which take hours on two cores.</param>
    /// <param name="display">Where progress is shown; null for nowhere.</param>
    /// <exception cref="ExperimentException">An option is out of range, or the folder holds something else or the same with other settings.</exception>
    public static PairedStudy Open(string folder, PairedStudyOptions? options = null, IExperimentDisplay? display = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new PairedStudyOptions();
        options.Validate();
        return new PairedStudy(folder, options, display ?? new SilentDisplay());
    }

    /// <summary>Whether a pair is done, here or by another process.</summary>
    /// <param name="pair">The pair, counted from 1.</param>
    public bool IsDone(int pair) => FolderOf(pair).IsDone;

    /// <summary>
    /// Does the pairs, each once, until all are done or failed, and writes tables and report of all that is done after each. A pair that fails does not end
    /// the others.
    /// </summary>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="cancellation">Stops between two steps; the same study goes on where it was.</param>
    public PairedStudyOutcome Run(Device? device = null, CancellationToken cancellation = default)
    {
        device ??= CPU;
        Remembered.Remember(Describe());
        Dictionary<int, string> failed = [];
        bool waiting = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] open = [.. Enumerable.Range(1, _options.Pairs).Where(pair => !IsDone(pair) && !failed.ContainsKey(pair))];
            if (open.Length == 0)
                break;
            if (open.Any(pair => TryDo(pair, failed, device, cancellation)))
            {
                waiting = false;
                PairReport.Write(Folder, _options, Read(failed));
                continue;
            }

            if (!waiting)
                _display.Say("Other processes are at work on all pairs that are left: waiting for them, or to take over what is abandoned.");
            waiting = true;
            cancellation.WaitHandle.WaitOne(LookAgain);
        }

        List<(IReadOnlyList<PairRow> Rows, double Seconds)> done = Read(failed);
        PairReport.Write(Folder, _options, done);
        return new PairedStudyOutcome(
            _options.Pairs,
            done.Count,
            failed.ToImmutableSortedDictionary(pair => PairFolder.NameOf(pair.Key), pair => pair.Value, StringComparer.Ordinal),
            Path.Combine(Folder, ReproductionFolder.HtmlName));
    }

    private PairFolder FolderOf(int pair) => new(Path.Combine(Folder, "pairs", PairFolder.NameOf(pair)));

    // Pairs beyond those that were asked for stay, and are left out of account.
    private List<(IReadOnlyList<PairRow> Rows, double Seconds)> Read(Dictionary<int, string> failed)
    {
        List<(IReadOnlyList<PairRow> Rows, double Seconds)> pairs = [];
        foreach (int pair in Enumerable.Range(1, _options.Pairs).Where(IsDone))
        {
            try
            {
                pairs.Add(FolderOf(pair).Read());
            }
            catch (InvalidDataException exception)
            {
                // What cannot be read any more must not cost the results of the others.
                failed[pair] = exception.Message;
            }
        }

        return pairs;
    }

    private bool TryDo(int pair, Dictionary<int, string> failed, Device device, CancellationToken cancellation)
    {
        PairFolder folder = FolderOf(pair);
        _test ??= TestCases(cancellation);
        using RunClaim? claim = RunClaim.TryTake(folder.Path, _options.TakeOver);
        if (claim is null)
            return false;
        // It may have ended between the look and the claim.
        if (folder.IsDone)
        {
            claim.Finish();
            return true;
        }

        _display.Heading(PairFolder.NameOf(pair));
        return ClaimedWork.Do(
            PairFolder.NameOf(pair),
            claim,
            stop => new PairRun(pair, _options, folder).Do(_test, claim, device, _display, stop),
            reason => failed.Add(pair, reason),
            _display,
            cancellation);
    }

    private IReadOnlyList<EvaluationCase> TestCases(CancellationToken cancellation)
    {
        var data = new ReproductionData(_options.Settings with { PhantomCases = _options.TestCases }, Folder: null, SkipFaulty: false);
        PreparedData prepared = data.Prepare(null, fold: 1, TestFolder, _options.TakeOver, _display, cancellation);
        return [.. prepared.Dataset.Cases.OrderBy(item => item.Id, StringComparer.Ordinal)
            .Select(item => EvaluationCase.Of(item, prepared.Cached[item.Id]))];
    }

    // The number of pairs may grow, and a study has no folds.
    private JsonObject Describe()
    {
        JsonObject description = ExperimentSetting.Write(_options.Settings);
        foreach (string setting in PairedStudyOptions.SetByStudy)
            description.Remove(setting);
        description[nameof(PairedStudyOptions.TestCases)] = _options.TestCases;
        description[nameof(PairedStudyOptions.TrainingCases)] = _options.TrainingCases;
        description[nameof(PairedStudyOptions.ValidationCases)] = _options.ValidationCases;
        return description;
    }
}
