using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>
/// How long steps and epochs take. Losses of a GPU are read ten steps at once, so that single steps cannot be timed; an epoch ends when all its losses are
/// read.
/// </summary>
internal static class Fits
{
    // KD-Net, section 3.2: 500 epochs; 12 hours on a P100.
    private const int PaperEpochs = 500, PaperHours = 12;

    private const int StepsPerEpoch = 10;

    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1.5);

    public static bool TimeSteps(DeviceSetting setting)
    {
        foreach (int batchSize in new[] { 1, 4 })
        {
            using var cases = new DeviceCases(StepsPerEpoch * batchSize, setting.Edge, batchSize);
            foreach (bool withTeacher in new[] { true, false })
            {
                double[] epochs = Fit(setting, cases, withTeacher, maximum: 40, Enough);
                DeviceResult.Print(
                    ("work", Name(withTeacher)),
                    ("precision", setting.PrecisionName),
                    ("batch", batchSize),
                    ("milliseconds", Math.Round(1000 * Statistics.Median(epochs.Skip(1)) / StepsPerEpoch, 3)),
                    ("fastest", Math.Round(1000 * epochs.Min() / StepsPerEpoch, 3)),
                    ("steps", (epochs.Length - 1) * StepsPerEpoch));
            }
        }

        return true;
    }

    public static bool TimeEpochs(DeviceSetting setting)
    {
        using var cases = new DeviceCases(setting.Cases, setting.Edge, batchSize: 1);
        foreach (bool withTeacher in new[] { true, false })
        {
            double[] epochs = Fit(setting, cases, withTeacher, maximum: 3, TimeSpan.MaxValue);
            TimeSpan all = TimeSpan.FromSeconds(epochs[0] + ((PaperEpochs - 1) * epochs[^1]));
            DeviceResult.Print(
                ("work", Name(withTeacher)),
                ("precision", setting.PrecisionName),
                ("cases", setting.Cases),
                ("first epoch, s", Math.Round(epochs[0], 3)),
                ("epoch, s", Math.Round(epochs[^1], 3)),
                ($"{PaperEpochs} epochs, h", Math.Round(all.TotalHours, 3)),
                ("times as fast as the paper's P100", Math.Round(PaperHours / all.TotalHours, 2)));
        }

        return true;
    }

    private static string Name(bool withTeacher) => withTeacher ? "KD step" : "supervised step";

    // The teacher's answers are in the cache from the second epoch on.
    private static double[] Fit(DeviceSetting setting, DeviceCases cases, bool withTeacher, int maximum, TimeSpan enough)
    {
        var way = new OurWay { Precision = setting.Precision };
        using UNet3D student = OurWay.Network(setting.Width, withTeacher ? [RandomCase.StudentModality] : RandomCase.Modalities);
        student.to(setting.Device);
        using var stop = new CancellationTokenSource();
        var epochs = new EpochTimes(enough, stop);
        TrainingOptions options = way.Training(epochs) with { Epochs = maximum };
        using UNet3D? teacher = withTeacher ? OurWay.Network(setting.Width, RandomCase.Modalities) : null;
        teacher?.to(setting.Device);
        ITrainer trainer = teacher is null ? way.Supervised(student, options) : way.Distillation(student, teacher, options);
        try
        {
            trainer.Fit(cases, cancellationToken: stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Enough epochs.
        }

        return [.. epochs.Seconds];
    }

    private sealed class EpochTimes(TimeSpan enough, CancellationTokenSource stop) : ITrainingCallback
    {
        public List<double> Seconds { get; } = [];

        // At least three epochs that count.
        public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
        {
            Seconds.Add(history[^1].Seconds);
            if (Seconds.Count > 3 && Seconds.Skip(1).Sum() > enough.TotalSeconds)
                stop.Cancel();
        }
    }
}
