using System.Diagnostics;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Benchmarks.Ours;

/// <summary>Lets a trainer do one epoch whenever the gate opens. A repetition is a whole epoch, with what the trainer does at its end.</summary>
internal sealed class GatedEpochs(Gate gate, IBatchSource source) : IBatchSource, ITrainingCallback
{
    private readonly Stopwatch _epoch = new();
    private readonly Stopwatch _afterSteps = new();
    private readonly Stopwatch _waiting = new();

    /// <summary>What is reported of an epoch; its seconds if null.</summary>
    public Func<GatedEpochs, double>? Reports { get; init; }

    public int BatchCount => source.BatchCount;

    public double Seconds => _epoch.Elapsed.TotalSeconds;

    /// <summary>The time from the trainer's asking for a batch after the last one to the end of the epoch: checkpoints are written in it.</summary>
    public double SecondsAfterSteps => _afterSteps.Elapsed.TotalSeconds;

    /// <summary>The time during which the trainer waited for batches.</summary>
    public double SecondsWaiting => _waiting.Elapsed.TotalSeconds;

    /// <summary>Trains until the parent has seen enough.</summary>
    public void Run(ITrainer trainer)
    {
        try
        {
            trainer.Fit(this);
        }
        catch (OperationCanceledException)
        {
            // The only way out of a fit before its last epoch.
        }
    }

    public IEnumerable<Batch> ReadEpoch(int epoch)
    {
        if (!gate.Wait())
            throw new OperationCanceledException();
        _epoch.Restart();
        _waiting.Restart();
        foreach (Batch batch in source.ReadEpoch(epoch))
        {
            _waiting.Stop();
            yield return batch;
            _waiting.Start();
        }

        _waiting.Stop();
        _afterSteps.Restart();
    }

    public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network) => gate.Report(Reports?.Invoke(this) ?? Seconds);
}
