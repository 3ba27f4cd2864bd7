using FluentAssertions;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class MachineLoadTests
{
    [Theory]
    [InlineData("2.10 1.00 0.50 3/400 1234", 2.1)]
    [InlineData("0.00 0.00 0.00 1/2 3", 0.0)]
    [InlineData("nothing", null)]
    public void The_load_of_the_last_minute_is_read(string text, double? load) => MachineLoad.Read(text).Should().Be(load);

    [Theory]
    [InlineData(2.0, 2, true)]
    [InlineData(1.9, 2, false)]
    [InlineData(9.0, 1, false)]
    [InlineData(null, 2, false)]
    public void Whoever_takes_all_cores_of_a_busy_machine_is_told_of_threads(double? load, int threads, bool isTold)
    {
        string? hint = MachineLoad.Hint(load, threads, cores: 2);

        (hint is not null).Should().Be(isTold);
        if (isTold)
            hint.Should().Contain("--threads 1").And.Contain("load 2.0");
    }

    [Fact]
    public void A_command_says_it_in_one_line_unless_threads_were_chosen()
    {
        Assert.SkipWhen(Environment.ProcessorCount == 1, "with one core there is nothing to choose");
        string[] systems = ["systems", "--width", "2", "--levels", "2"];

        Run(1000, systems).Trim().Should().Contain("--threads 1").And.NotContain("\n");
        Run(1000, [.. systems, "--threads", "2"]).Should().BeEmpty();
        Run(0, systems).Should().BeEmpty();
        Run(null, systems).Should().BeEmpty();

        static string Run(double? load, string[] arguments)
        {
            using var error = new StringWriter();
            KdnetApplication.Run(arguments, TextWriter.Null, error, CancellationToken.None, load).Should().Be(ExitCode.Done);
            return error.ToString();
        }
    }
}
