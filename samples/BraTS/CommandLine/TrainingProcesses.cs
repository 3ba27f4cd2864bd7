using KnowledgeDistillation.Mpi;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>
/// The processes that mpirun started together with this one, to train one network. Disposed after everything was said: where the command did not complete,
/// that ends all of them.
/// </summary>
internal sealed class TrainingProcesses : IDisposable
{
    private MpiCollective? _collective;

    /// <summary>What messages of this process begin with: nothing, where it is the only one or the first.</summary>
    public string Prefix => _collective is { Rank: > 0 } ? $"Process {_collective.Rank + 1} of {_collective.Size}: " : "";

    /// <summary>Connects with the others.</summary>
    /// <returns>Null where there are none.</returns>
    public ICollective? Start() => MpiLaunch.IsOneOfSeveral ? _collective ??= MpiCollective.Start() : null;

    /// <inheritdoc/>
    public void Dispose() => _collective?.Dispose();
}
