using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>
/// The folder of one run: run.json with what was planned; then failed.json; or the trainer's files, scores.csv and, as the last, done.json.
/// </summary>
/// <remarks>
/// An attempt works in a folder of its own, working-N, that carries the number of its <see cref="RunClaim"/>. The next attempt renames that folder,
/// so that a process which lost its claim without knowing, because it or its machine was suspended, finds its files gone and can no longer touch what counts.
/// Results leave the working folder when all of them are there.
/// </remarks>
internal sealed class RunResults(string path)
{
    private const string Planned = "run.json",
        Done = "done.json",
        Failed = "failed.json",
        ScoresTable = "scores.csv",
        ScoresName = "scores.json",
        Working = "working-";
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    public string Path { get; } = path;

    /// <summary>The checkpoint that the test is done with.</summary>
    public string Best => new TrainingRun(Path).BestFolder;

    public bool IsDone => File.Exists(In(Done));

    public bool HasBegun => File.Exists(In(Planned));

    /// <summary>How the last attempt failed; null where none did.</summary>
    public RunFailure? Failure
    {
        get
        {
            try
            {
                return JsonFile.Convert<RunFailure>(JsonFile.ReadChecked(In(Failed)), Json);
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (JsonException)
            {
                return new RunFailure("failed.json is damaged", Attempt: 0);
            }
        }
    }

    /// <summary>Writes down what is planned.</summary>
    /// <exception cref="ExperimentException">The folder holds a run that was planned otherwise.</exception>
    public void Begin(PlannedRun run)
    {
        // The claim came before, so the folder is not empty.
        if (HasBegun)
            RefuseOthers(run);
        else
            AtomicFile.WriteText(In(Planned), JsonFile.WithChecksum(Describe(run), Json));
    }

    /// <summary>The folder in which an attempt works, with all that former ones have left.</summary>
    public string Enter(int attempt)
    {
        string working = In(Working + attempt.ToString(CultureInfo.InvariantCulture));
        string[] former = [.. Directory.GetDirectories(Path, Working + "*").OrderByDescending(Number)];
        if (former.Length > 0 && former[0] != working)
            Directory.Move(former[0], working);
        else
            Directory.CreateDirectory(working);
        // What a process wrote that had lost its claim.
        foreach (string stray in former.Skip(1))
            Directory.Delete(stray, recursive: true);
        // What an attempt brought out that ended before it had brought out all.
        foreach (string entry in Directory.GetFileSystemEntries(Path).Where(IsResult))
            Directory.Move(entry, In(System.IO.Path.Combine(System.IO.Path.GetFileName(working), System.IO.Path.GetFileName(entry))));
        return working;
    }

    /// <summary>Writes the last files of an attempt and brings all of them out.</summary>
    /// <exception cref="OperationCanceledException">The claim is lost.</exception>
    public void Publish(string working, IReadOnlyList<CaseScore> scores, RunFacts facts, RunClaim claim)
    {
        // Whoever has taken over has renamed the folder.
        if (!claim.Renew())
            throw new OperationCanceledException();
        ScoresCsv.Write(System.IO.Path.Combine(working, ScoresTable), scores);
        string scoresFile = System.IO.Path.Combine(working, ScoresName);
        AtomicFile.WriteText(scoresFile, JsonSerializer.Serialize(scores, Json));
        BringOut(working, facts, [scoresFile, new TrainingRun(working).HistoryFile], claim);
        File.Delete(In(Failed));
        Directory.Delete(working);
    }

    /// <summary>Brings out all of a folder, and as the last done.json, which holds the checksums of the files that are read back.</summary>
    /// <exception cref="OperationCanceledException">The claim is lost.</exception>
    public void BringOut(string folder, RunFacts facts, IEnumerable<string> readBack, RunClaim claim)
    {
        JsonObject done = ObjectOf(facts);
        done[FileChecksums.Property] = FileChecksums.Of(readBack);
        AtomicFile.WriteText(System.IO.Path.Combine(folder, Done), JsonFile.WithChecksum(done, Json));
        // Whoever loses the claim from here on finds nothing more to bring out.
        if (!claim.Renew())
            throw new OperationCanceledException();
        foreach (string entry in Directory.GetFileSystemEntries(folder).OrderBy(entry => System.IO.Path.GetFileName(entry) == Done))
            Directory.Move(entry, In(System.IO.Path.GetFileName(entry)));
    }

    /// <summary>Writes down why an attempt failed.</summary>
    public void Fail(string reason, int attempt) =>
        AtomicFile.WriteText(In(Failed), JsonFile.WithChecksum(ObjectOf(new RunFailure(reason, attempt)), Json));

    /// <summary>The finished run.</summary>
    /// <exception cref="ExperimentException">It was planned otherwise.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public FinishedRun ReadFinished(PlannedRun run)
    {
        RefuseOthers(run);
        RunFacts facts = ReadFacts();
        CaseScore[] scores = Read(ScoresName, file => JsonFile.Convert<CaseScore[]>(JsonFile.Parse(File.ReadAllBytes(file)), Json));
        return new FinishedRun(run, Path, scores, ReadHistory(), facts);
    }

    /// <summary>With what and on what it was done; everything that is read back of it is as it was written.</summary>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public RunFacts ReadFacts()
    {
        JsonObject done = Read(Done, JsonFile.ReadChecked);
        return done[FileChecksums.Property] is JsonObject files && FileChecksums.FindFault(In(Done), files) is { } fault
            ? throw Damaged(fault.File, fault.Reason)
            : Read(Done, _ => JsonFile.Convert<RunFacts>(done, Json));
    }

    /// <summary>How long the finished run took; null where that cannot be read any more.</summary>
    public double? Seconds
    {
        get
        {
            try
            {
                return ReadFacts().Seconds;
            }
            catch (InvalidDataException)
            {
                return null;
            }
        }
    }

    private IReadOnlyList<EpochReport> ReadHistory()
    {
        try
        {
            return new TrainingRun(Path).ReadHistory();
        }
        catch (CheckpointException exception)
        {
            throw Damaged(exception.Path, exception.Message, exception);
        }
    }

    private void RefuseOthers(PlannedRun run) => new RememberedSettings(In(Planned), "a run").RefuseOthers(Describe(run));

    private static JsonObject Describe(PlannedRun run)
    {
        JsonObject plan = ExperimentSetting.Write(run.Settings);
        plan["System"] = run.System.Name;
        plan["Modality"] = run.Modality;
        plan["Teacher"] = run.Teacher;
        return plan;
    }

    private bool IsResult(string entry)
    {
        string name = System.IO.Path.GetFileName(entry);
        return name != Planned && name != Failed && !name.StartsWith(Working, StringComparison.Ordinal)
            && !RunClaim.IsClaim(name) && !AtomicFile.IsUnfinished(name);
    }

    private static int Number(string working) =>
        int.TryParse(working[(working.LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private T Read<T>(string name, Func<string, T> read)
    {
        try
        {
            return read(In(name));
        }
        catch (Exception exception) when (exception is JsonException or IOException)
        {
            throw Damaged(In(name), exception.Message, exception);
        }
    }

    private static JsonObject ObjectOf<T>(T value) => JsonSerializer.SerializeToNode(value, Json)!.AsObject();

    private static InvalidDataException Damaged(string file, string reason, Exception? exception = null) =>
        new($"'{file}' is damaged ({reason}): delete the folder of this run to have it done again.", exception);

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
