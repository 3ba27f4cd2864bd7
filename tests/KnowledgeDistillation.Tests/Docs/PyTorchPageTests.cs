using System.Diagnostics;
using System.Runtime.InteropServices;
using FluentAssertions;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The Python on the page docs/pytorch.md runs, and computes what the library computes.</summary>
public sealed class PyTorchPageTests : IDisposable
{
    private const float Tolerance = 2e-5f;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 4, 8, 3, null, 8, 12, 16)]
    [InlineData(4, 2, 4, 2, null, 6, 4, 10)]
    [InlineData(2, 3, 4, 4, 1, 16, 8, 16)]
    [InlineData(1, 2, 6, 2, 0, 8, 8, 8)]
    public void The_module_of_the_page_gives_the_logits_of_the_library(int inputs, int outputs, int width, int levels, int? skips, int z, int y, int x)
    {
        string python = RequirePython();
        manual_seed(7);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var network = new UNet3D(new UNet3DOptions
        {
            Modalities = [.. Enumerable.Range(0, inputs).Select(number => $"m{number}")],
            OutputChannels = outputs,
            BaseWidth = width,
            Levels = levels,
            SkipConnections = skips,
        });
        foreach (Tensor weights in network.state_dict().Values)
            weights.add_(randn_like(weights) * 0.1);
        network.eval();
        Tensor images = randn([2, inputs, z, y, x]), expected = network.call(images);
        SafetensorsFile.Write(_folder["weights.safetensors"], network.state_dict());
        SafetensorsFile.Write(_folder["images.safetensors"], new Dictionary<string, Tensor> { ["images"] = images });
        File.WriteAllText(_folder["page.py"], $"""
            {string.Join("\n\n", Blocks().Where(block => !block.Contains("load_file")))}
            model = UNet3D({inputs}, {outputs}, width={width}, levels={levels}, skips={skips?.ToString() ?? "None"})
            model.load_state_dict(read_safetensors("weights.safetensors"))
            model.eval()
            torch.set_num_threads(1)
            with torch.no_grad():
                model(read_safetensors("images.safetensors")["images"]).numpy().tofile("logits")
            """);

        (int exitCode, string error) = Run(python, "page.py");

        exitCode.Should().Be(0, error);
        float[] logits = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(_folder["logits"])).ToArray();
        logits.Should().HaveCount((int)expected.numel());
        (tensor(logits).reshape(expected.shape) - expected).abs().max().item<float>().Should().BeLessThan(Tolerance);
    }

    [Fact]
    public void The_page_loads_weights_in_three_lines()
    {
        string[] lines = Blocks().Single(block => block.Contains("load_file", StringComparison.Ordinal)).Trim().Split('\n');

        lines.Should().HaveCount(3);
        Blocks().Should().HaveCount(3);
    }

    private static string[] Blocks() =>
        [.. File.ReadAllText(Path.Combine(SharedData.CheckoutFolder, "docs", "pytorch.md")).Split("```python\n").Skip(1).Select(part => part.Split("```")[0])];

    // Debian's python3-torch belongs to Debian's own python.
    private string RequirePython()
    {
        string? python = Array.Find(["python3", "/usr/bin/python3"], candidate => Run(candidate, "-c", "import torch, numpy").ExitCode == 0);
        Assert.SkipWhen(python is null, "No python3 here has the modules torch and numpy (Debian: apt-get install python3-torch).");
        return python!;
    }

    private (int ExitCode, string Error) Run(string python, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(python, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder.Root })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }
}
