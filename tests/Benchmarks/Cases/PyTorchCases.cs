using System.ComponentModel;
using System.Diagnostics;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>The same network, losses and optimizer in the PyTorch of this machine, with the same settings of the C library's allocator.</summary>
internal static class PyTorchCases
{
    public const string Prefix = "PyTorch";

    private const string Script = "peer.py";

    // The environment's own choice first; distributions have their PyTorch in their own Python.
    private static readonly Lazy<string?> Python = new(() =>
        new[] { Environment.GetEnvironmentVariable("PYTHON"), "python3", "/usr/bin/python3" }
            .FirstOrDefault(program => program is not null && HasTorch(program)));

    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        .. Both("KD step", "a step of a student with one modality, the teacher's answers cached", "KD", OurTraining.Distillation),
        .. Both("supervised step", "a step on all four modalities", "supervised", way => OurTraining.Supervised(way)),
        .. Both("inference", "probabilities of one volume", "inference", OurInference.Volume),
    ];

    private static BenchmarkCase[] Both(string name, string description, string work, Func<OurWay, Workload> ours) =>
    [
        Case(name, $"{description}, float32", $"{work} float32", ours(new OurWay())),
        Case($"{name} bfloat16", $"{description}, mixed precision", $"{work} bfloat16", ours(new OurWay { Precision = Precision.Mixed })),
    ];

    private static BenchmarkCase Case(string name, string description, string work, Workload ours) => new($"{Prefix} {name}", description, ours, null)
    {
        PlainName = "PyTorch",
        PlainProgram = setting => [Python.Value!, Path.Combine(AppContext.BaseDirectory, Script), "worker", work, setting.ToText()],
        Hindrance = () => Python.Value is null ? "no Python with PyTorch was found (the environment variable PYTHON may name one)." : null,
    };

    private static bool HasTorch(string program)
    {
        try
        {
            using Process asked = Process.Start(new ProcessStartInfo(program, ["-c", "import torch"]) { RedirectStandardError = true })!;
            asked.StandardError.ReadToEnd();
            asked.WaitForExit();
            return asked.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
