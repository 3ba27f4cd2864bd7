using System.Globalization;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Endurance;

/// <summary>Resident memory over many steps while the finalizer thread is held up again and again.</summary>
internal sealed class Soak(int steps) : ITrainingCallback
{
    private int _step;

    public static int Run(int steps, bool own)
    {
        using var stop = new CancellationTokenSource();
        // A finalizer that sleeps keeps all others waiting, as one does that waits for a lock or a file.
        var sleepers = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _ = new Sleeper();
                Thread.Sleep(1000);
            }
        })
        { IsBackground = true };
        sleepers.Start();
        Console.WriteLine("steps, resident MiB, collections of generations 0, 1, 2");
        SmallFit.Run(steps, own, new Soak(steps));
        stop.Cancel();
        return 0;
    }

    public void StepEnded(TrainingProgress progress)
    {
        if (++_step % Math.Max(1, steps / 10) == 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{_step}, {Environment.WorkingSet >> 20}, {GC.CollectionCount(0)}, {GC.CollectionCount(1)}, {GC.CollectionCount(2)}"));
        }
    }

    private sealed class Sleeper
    {
        ~Sleeper() => Thread.Sleep(300);
    }
}
