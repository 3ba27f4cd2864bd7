using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Writes each epoch's losses, learning rate and gradient shares as a run in a folder of MLflow (its "file store"), which <c>mlflow ui</c> shows and
/// <c>mlflow migrate-filestore</c> takes into a database. Nothing is sent anywhere.
/// </summary>
/// <remarks>
/// A fit is known by its first epoch, so one that is resumed goes on with its run, and no epoch stands there twice.
/// The run is shown as running until <see cref="Finish"/> is called, or as failed where it is disposed of before that; where the process is killed, as running
/// until the fit is resumed.
/// One object watches one fit; the folder may be that of many.
/// </remarks>
public sealed class MlflowRun : ITrainingCallback, IDisposable
{
    private const string Meta = "meta.yaml", LearningRate = "learning rate";
    private const int Running = 1, Finished = 3, Failed = 4;

    private readonly string _folder;
    private readonly string _name;
    private readonly string _experiment;
    private readonly IReadOnlyDictionary<string, string> _parameters;
    private readonly TimeProvider _clock;
    private string? _runFolder;
    private long _start;
    private int _status = Running;

    /// <summary>Makes a run that begins with the first epoch.</summary>
    /// <param name="folder">The folder, usually called mlruns. It is made where it is missing.</param>
    /// <param name="name">What the run is called, for people; several may have one name.</param>
    /// <param name="parameters">What the fit was given, by name; null for none. Of names, what MLflow does not allow becomes an underscore.</param>
    /// <param name="experiment">The experiment of MLflow that the run is part of. It is made where it is missing.</param>
    /// <param name="clock">Tells the times of the epochs; null for the system's clock.</param>
    /// <exception cref="ArgumentException">A name is empty or has a control character.</exception>
    public MlflowRun(
        string folder,
        string name,
        IReadOnlyDictionary<string, string>? parameters = null,
        string experiment = "KnowledgeDistillation",
        TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        RequireName(name, nameof(name));
        RequireName(experiment, nameof(experiment));
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        (_name, _experiment) = (name, experiment);
        _parameters = parameters ?? new Dictionary<string, string>();
        _clock = clock ?? TimeProvider.System;
    }

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (_runFolder is null)
        {
            Begin(history, hasJustEnded: true);
            return;
        }

        long now = Now;
        foreach ((string name, double value) in Metrics(history[^1]))
            File.AppendAllText(MetricFile(name), Line(now, value, history[^1].Epoch));
    }

    /// <summary>Says that the fit has come to its end.</summary>
    /// <param name="history">
    /// All epochs of the fit (<see cref="TrainingResult.History"/>). With them a fit that was killed after its last epoch, and trains none when it is resumed,
    /// is shown as finished, too. Null: nothing happens where no epoch was trained in this process.
    /// </param>
    public void Finish(IReadOnlyList<EpochReport>? history = null)
    {
        if (_runFolder is null && history is { Count: > 0 })
        {
            _runFolder = FolderOf(history[0]);
            if (IsFinished())
                _status = Finished;
            else
                Begin(history, hasJustEnded: false);
        }

        End(Finished);
    }

    /// <summary>Says that the fit has failed or was stopped, unless it has come to its end.</summary>
    public void Dispose() => End(Failed);

    private static void RequireName(string name, string parameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name, parameter);
        if (name.Any(char.IsControl))
            throw new ArgumentException($"The name '{name}' has a control character, which MLflow does not allow: leave it out.", parameter);
    }

    private static Dictionary<string, double> Metrics(EpochReport report)
    {
        var metrics = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);
        Add(LearningRate, report.LearningRate);
        Add("epoch seconds", report.Seconds);
        AddLosses("training", report.Training);
        if (report.Validation is not null)
            AddLosses("validation", report.Validation);
        if (report.ValidationDice is double dice)
            Add("validation dice", dice);
        foreach ((string name, double share) in report.GradientShares ?? new Dictionary<string, double>())
            Add($"gradient share/{Allowed(name)}", share);
        return metrics;

        void AddLosses(string part, LossReport losses)
        {
            Add($"{part}/loss", losses.Total);
            foreach (TermValue term in losses.Terms)
            {
                Add($"{part}/{Allowed(term.Name)}", term.Value);
                Add($"{part} weighted/{Allowed(term.Name)}", term.Weighted);
            }
        }

        void Add(string name, double value) => metrics.Add(Unused(name, metrics.Keys), value);
    }

    // Names are those of files. MLflow allows more, but points and slashes would lead to other folders.
    private static string Allowed(string name)
    {
        string allowed = string.Concat(name.Trim().Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is ' ' or '-' or '_' ? letter : '_'));
        return allowed.Length == 0 ? "_" : allowed;
    }

    private static string Unused(string name, IReadOnlyCollection<string> used)
    {
        string unused = name;
        for (int number = 2; used.Contains(unused, StringComparer.OrdinalIgnoreCase); number++)
            unused = $"{name} {number}";
        return unused;
    }

    private static string Line(long time, double value, int epoch) => string.Create(CultureInfo.InvariantCulture, $"{time} {value:R} {epoch}\n");

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private string MetricFile(string name) => Path.Combine([_runFolder!, "metrics", .. name.Split('/')]);

    private string FolderOf(EpochReport first)
    {
        // Two fits may have the same losses, but hardly the same time to the tick.
        string run = Convert.ToHexStringLower(
            Digest(string.Create(CultureInfo.InvariantCulture, $"{_name}\n{first.Training.Total:R}\n{first.Validation?.Total:R}\n{first.Seconds:R}"))[..16]);
        return Path.Combine(_folder, FindExperiment() ?? MakeExperiment(), run);
    }

    private bool IsFinished()
    {
        string meta = Path.Combine(_runFolder!, Meta);
        return File.Exists(meta) && File.ReadLines(meta).Contains(string.Create(CultureInfo.InvariantCulture, $"status: {Finished}"));
    }

    private void Begin(IReadOnlyList<EpochReport> history, bool hasJustEnded)
    {
        EpochReport first = history[0];
        _runFolder = FolderOf(first);
        Dictionary<int, long> times = Times(history, hasJustEnded);
        _start = times[first.Epoch] - (long)(first.Seconds * 1000);
        foreach (string part in new[] { "artifacts", "metrics", "params", "tags" })
            Directory.CreateDirectory(Path.Combine(_runFolder, part));
        // A fit that was stopped may have written more, or less, than its last checkpoint knows.
        foreach (var metric in history.SelectMany(
            report => Metrics(report).Select(item => (item.Key, Line: Line(times[report.Epoch], item.Value, report.Epoch))))
            .GroupBy(item => item.Key))
        {
            AtomicFile.WriteText(MetricFile(metric.Key), string.Concat(metric.Select(item => item.Line)));
        }

        List<string> used = [];
        foreach ((string name, string value) in _parameters)
        {
            used.Add(Unused(Allowed(name), used));
            AtomicFile.WriteText(Path.Combine(_runFolder, "params", used[^1]), value);
        }

        AtomicFile.WriteText(Path.Combine(_runFolder, "tags", "mlflow.runName"), _name);
        WriteMeta();
    }

    // The times of epochs that the run has already; those of others as if each had followed the one before it without a break.
    private Dictionary<int, long> Times(IReadOnlyList<EpochReport> history, bool hasJustEnded)
    {
        Dictionary<int, long> times = [];
        if (File.Exists(MetricFile(LearningRate)))
        {
            foreach (string[] parts in File.ReadLines(MetricFile(LearningRate)).Select(line => line.Split(' ')).Where(parts => parts.Length == 3))
            {
                if (long.TryParse(parts[0], CultureInfo.InvariantCulture, out long time) && int.TryParse(parts[2], CultureInfo.InvariantCulture, out int epoch))
                    times[epoch] = time;
            }
        }

        long next = Now;
        foreach (EpochReport report in history.Reverse())
        {
            // Where the last epoch has just ended, it did so now, whatever a fit has written of it before.
            next = (hasJustEnded && report == history[^1]) || !times.TryGetValue(report.Epoch, out long known) ? next : known;
            times[report.Epoch] = next;
            next -= (long)(report.Seconds * 1000);
        }

        return times;
    }

    private string? FindExperiment()
    {
        string[] meant = [$"name: {_experiment}", $"name: {Quoted(_experiment)}", $"name: \"{_experiment}\""];
        return !Directory.Exists(_folder) ? null : Directory.EnumerateDirectories(_folder)
            .Where(folder => File.Exists(Path.Combine(folder, Meta)) && File.ReadLines(Path.Combine(folder, Meta)).Any(line => meant.Contains(line.TrimEnd())))
            .Select(Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault();
    }

    private string MakeExperiment()
    {
        // MLflow makes this one in a new folder, and cannot do without it.
        if (!Directory.Exists(_folder))
            WriteExperiment("0", "Default");
        // Of 18 digits as MLflow's own, and the same for two fits that make it at the same time.
        ulong number = 100_000_000_000_000_000 + (BinaryPrimitives.ReadUInt64LittleEndian(Digest(_experiment)) % 900_000_000_000_000_000);
        string id = number.ToString(CultureInfo.InvariantCulture);
        WriteExperiment(id, _experiment);
        return id;
    }

    private void WriteExperiment(string id, string name)
    {
        string now = Now.ToString(CultureInfo.InvariantCulture);
        AtomicFile.TryCreate(Path.Combine(_folder, id, Meta), Yaml(
            ("artifact_location", Quoted(Relative(id))),
            ("creation_time", now),
            ("experiment_id", Quoted(id)),
            ("last_update_time", now),
            ("lifecycle_stage", "active"),
            ("name", Quoted(name))));
    }

    private void End(int status)
    {
        if (_runFolder is null || _status != Running)
            return;
        _status = status;
        WriteMeta();
    }

    private void WriteMeta()
    {
        string run = Path.GetFileName(_runFolder!), experiment = Path.GetFileName(Path.GetDirectoryName(_runFolder!)!);
        AtomicFile.WriteText(Path.Combine(_runFolder!, Meta), Yaml(
            ("artifact_uri", Quoted(Relative(experiment, run, "artifacts"))),
            ("end_time", _status == Running ? "null" : Now.ToString(CultureInfo.InvariantCulture)),
            ("entry_point_name", "''"),
            ("experiment_id", Quoted(experiment)),
            ("lifecycle_stage", "active"),
            ("run_id", Quoted(run)),
            ("run_name", Quoted(_name)),
            ("run_uuid", Quoted(run)),
            ("source_name", "''"),
            ("source_type", "4"),
            ("source_version", "''"),
            ("start_time", _start.ToString(CultureInfo.InvariantCulture)),
            ("status", _status.ToString(CultureInfo.InvariantCulture)),
            ("tags", "[]"),
            ("user_id", "''")));
    }

    // MLflow's own are absolute, and say whose folder it is and break where it is moved.
    private string Relative(params string[] parts) => string.Join('/', [".", Path.GetFileName(_folder), .. parts]);

    private static string Yaml(params (string Name, string Value)[] entries) => string.Concat(entries.Select(entry => $"{entry.Name}: {entry.Value}\n"));
}
