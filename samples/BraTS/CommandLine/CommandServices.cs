using KnowledgeDistillation.Samples.BraTS.Output;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>What every command works with.</summary>
/// <param name="Display">Where it shows what it does.</param>
/// <param name="Arguments">What the user typed, to be repeated where a command can be continued.</param>
/// <param name="Cancellation">Asks the command to stop.</param>
internal sealed record CommandServices(Display Display, IReadOnlyList<string> Arguments, CancellationToken Cancellation)
{
    /// <summary>The load of the machine before the command began; null where it is not known.</summary>
    public double? Load { get; init; }

    /// <summary>The processes that mpirun started together with this one.</summary>
    public TrainingProcesses Processes { get; init; } = new();

    /// <summary>The command line that goes on with what was cancelled.</summary>
    public string CommandLine(params IEnumerable<string> added) => string.Join(' ', Arguments.Prepend("kdnet").Concat(added.Except(Arguments)).Select(Quote));

    private static string Quote(string argument) => argument.Any(char.IsWhiteSpace) ? $"\"{argument}\"" : argument;
}
