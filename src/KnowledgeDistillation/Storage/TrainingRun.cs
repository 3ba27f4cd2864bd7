namespace KnowledgeDistillation.Storage;

/// <summary>
/// The folder that a fit leaves: <c>best</c> with the model of the best epoch, <c>last</c> with the model of the last epoch and all that a resume needs,
/// and <c>history.csv</c>.
/// </summary>
/// <remarks>
/// Models are replaced as a whole, so a complete one is found at any moment, also while a fit writes and after one was killed:
/// <see cref="Best"/> and <see cref="Last"/> give the folder where it lies at this moment.
/// </remarks>
public sealed class TrainingRun
{
    /// <summary>The folder within <c>last</c> that holds the teacher that learned beside the student.</summary>
    internal const string TeacherName = "teacher";

    private const string BestName = "best", LastName = "last", HistoryName = "history.csv";

    /// <summary>Stands for the folder of a fit, which need not be there yet.</summary>
    /// <param name="folder">The folder: the <c>OutputFolder</c> of the fit.</param>
    public TrainingRun(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        Folder = Path.GetFullPath(folder);
    }

    /// <summary>The folder, as a full path.</summary>
    public string Folder { get; }

    /// <summary>The folder of the best epoch's model as it is written: the path to hand on to code that opens it later.</summary>
    public string BestFolder => Path.Combine(Folder, BestName);

    /// <summary>The folder of the last epoch's model as it is written: the path to hand on to code that opens it later.</summary>
    public string LastFolder => Path.Combine(Folder, LastName);

    /// <summary>
    /// The folder of the teacher's model after the last epoch, <c>last/teacher</c>, where teacher and student learned together
    /// (<see cref="Training.CoTrainingTrainer"/>); other fits leave none.
    /// </summary>
    public string TeacherFolder => Path.Combine(LastFolder, TeacherName);

    /// <summary>Where the complete model of the best epoch lies now; null where there is none.</summary>
    public string? Best => AtomicDirectory.Resolve(BestFolder);

    /// <summary>Where the complete model of the last epoch lies now; null where there is none.</summary>
    public string? Last => AtomicDirectory.Resolve(LastFolder);

    /// <summary>Whether there is an epoch that a fit can go on from.</summary>
    public bool HasBegun => Last is not null;

    internal string HistoryFile => Path.Combine(Folder, HistoryName);

    /// <summary>The folder of the model that a path stands for: the path itself, or the best one of the fit whose folder it is.</summary>
    /// <param name="path">The folder of a model or of a fit.</param>
    /// <returns>The folder as it was written, which stays valid while a fit replaces it; null where there is no folder.</returns>
    public static string? FindModel(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (AtomicDirectory.Resolve(path) is not string folder)
            return null;
        return !ModelFiles.IsModel(folder) && new TrainingRun(path) is { Best: not null } run ? run.BestFolder : path;
    }

    /// <summary>The losses of each epoch, in order.</summary>
    /// <exception cref="CheckpointException">The history is missing or damaged.</exception>
    public IReadOnlyList<EpochReport> ReadHistory()
    {
        try
        {
            return HistoryTable.Read(CsvTable.Read(HistoryFile));
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(HistoryFile, exception is FormatException ? $"it is damaged ({exception.Message})" : exception.Message, exception);
        }
    }

    /// <summary>Removes what writers that were killed have left in the folder. For the folder's only writer.</summary>
    internal void ClearLeftOvers()
    {
        AtomicDirectory.ClearLeftOvers(BestFolder);
        AtomicDirectory.ClearLeftOvers(LastFolder);
        AtomicFile.ClearLeftOvers(HistoryFile);
    }

    internal void WriteHistory(IReadOnlyList<EpochReport> history) => HistoryTable.Of(history).Write(HistoryFile);
}
