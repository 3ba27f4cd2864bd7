using System.Diagnostics;
using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks.Ours;

/// <summary>
/// Hands a trainer the same batch whenever the gate opens. A repetition is the time from there to the trainer's asking for the next one: a whole step,
/// with everything that the trainer does around it.
/// </summary>
internal sealed class GatedBatchSource(Gate gate, Func<Batch> makeBatch) : IBatchSource
{
    // More batches than any measurement takes.
    public int BatchCount => 1_000_000;

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
        while (gate.Wait())
        {
            var watch = Stopwatch.StartNew();
            yield return makeBatch();
            gate.Report(watch.Elapsed.TotalSeconds);
        }

        throw new OperationCanceledException();
    }
}
