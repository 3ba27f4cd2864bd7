using System.Text.Json.Nodes;
using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Tests;
using TorchSharp;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>How many operations a step consists of, and how often the host waits for the device in it.</summary>
internal static class StepOperations
{
    private const int Few = 10, Many = 30;

    public static bool Count(DeviceSetting setting)
    {
        if (!TorchOperations.CanBeCounted)
        {
            DeviceResult.Print(("outcome", "skipped: torch's functions cannot be observed here"));
            return true;
        }

        foreach (bool withTeacher in new[] { true, false })
        {
            // What epochs and fits do besides is the same for few and for many steps.
            TorchOperations few = Fit(setting, withTeacher, Few), many = Fit(setting, withTeacher, Many);
            double PerStep(Func<TorchOperations, int> count) => Math.Round((count(many) - count(few)) / (double)(Many - Few), 2);
            DeviceResult.Print(
                ("work", withTeacher ? "KD step" : "supervised step"),
                ("precision", setting.PrecisionName),
                ("calls per step", PerStep(operations => operations.Calls)),
                ("operations that compute", PerStep(operations => operations.Kernels)),
                ("waits", PerStep(operations => operations.Waits)),
                ("most frequent", new JsonObject(many.MostFrequent.Take(10).Select(item => KeyValuePair.Create(item.Name, (JsonNode?)(item.Count / Many))))));
        }

        return true;
    }

    private static TorchOperations Fit(DeviceSetting setting, bool withTeacher, int steps)
    {
        var way = new OurWay { Precision = setting.Precision };
        using UNet3D student = OurWay.Network(setting.Width, withTeacher ? [RandomCase.StudentModality] : RandomCase.Modalities);
        using UNet3D teacher = OurWay.Network(setting.Width, RandomCase.Modalities);
        student.to(setting.Device);
        teacher.to(setting.Device);
        using var cases = new DeviceCases(Math.Min(setting.Cases, Few), Math.Min(setting.Edge, 32), batchSize: 1);
        ITrainer trainer = withTeacher
            ? way.Distillation(student, teacher, way.Training() with { Epochs = 1 })
            : way.Supervised(student, way.Training() with { Epochs = 1 });
        return TorchOperations.During(() => trainer.Fit(new Repeated(cases, steps)));
    }

    /// <summary>The same few cases over and over: the teacher runs as often for few steps as for many.</summary>
    private sealed class Repeated(DeviceCases cases, int steps) : IBatchSource
    {
        public int BatchCount => steps;

        public IEnumerable<Batch> ReadEpoch(int epoch)
        {
            int given = 0;
            while (given < steps)
            {
                foreach (Batch batch in cases.ReadEpoch(epoch))
                {
                    if (given++ == steps)
                        yield break;
                    yield return batch;
                }
            }
        }
    }
}
