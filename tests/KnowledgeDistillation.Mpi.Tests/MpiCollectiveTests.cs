using System.Diagnostics;
using FluentAssertions;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Mpi.Tests;

/// <summary>Two processes over each MPI that is installed; tests/Cluster/mpi.sh installs both and does more.</summary>
public sealed class MpiCollectiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void Two_processes_exchange_tensors_of_all_kinds(string kind)
    {
        (int code, string output) = Run(kind, "check");
        output.Should().Contain("2 processes agree");
        code.Should().Be(0);
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void The_program_of_the_README_trains_in_two_processes(string kind)
    {
        (int code, string output) = Run(kind, "example", _folder["run"]);
        output.Should().Contain("2 processes, loss");
        code.Should().Be(0);
        File.Exists(_folder["run", "history.csv"]).Should().BeTrue();
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_process_that_fails_says_so_and_ends_the_other(string kind)
    {
        (int code, string output) = Run(kind, "fail");
        output.Should().Contain("Process 2 of 2: This process fails, as it should.");
        code.Should().NotBe(0);
    }

    private static (int Code, string Output) Run(string kind, params string[] arguments)
    {
        string launcher = $"/usr/bin/mpirun.{kind}";
        Assert.SkipUnless(File.Exists(launcher), $"There is no {launcher} (Debian: {(kind == "openmpi" ? "openmpi-bin" : "mpich")}).");
        string[] options = kind == "openmpi" ? ["--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,vader"] : ["-launcher", "fork"];
        string probe = Directory.EnumerateFiles(
            Path.Combine(SharedData.CheckoutFolder, "tests", "Cluster", "MpiProbe", "bin"), "MpiProbe", SearchOption.AllDirectories).First();
        var start =
            new ProcessStartInfo(launcher, [.. options, "-n", "2", probe, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"mpirun of {kind} did not end.");
        }

        return (process.ExitCode, output.Result + error.Result);
    }
}
