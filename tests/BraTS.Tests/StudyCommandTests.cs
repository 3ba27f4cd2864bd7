using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class StudyCommandTests : IDisposable
{
    private static readonly string[] Small =
    [
        "--pairs", "2", "--size", "16", "--levels", "2", "--width", "2", "--epochs", "1", "--test-cases", "2", "--training-cases", "2",
        "--validation-cases", "1", "--threads", "1",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-study-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_study_is_done_once_and_its_report_answers_the_question()
    {
        string folder = Path.Combine(_folder, "study");
        Kdnet first = Kdnet.Run(["study", "--out", folder, .. Small]);

        first.Error.Should().BeEmpty();
        first.ExitCode.Should().Be(0);
        first.Output.Should().Contain("0 of 2 pairs are done").And.Contain("2 of 2 pairs are done. The report is");
        File.ReadAllText(Path.Combine(folder, "report.md")).Should().Contain("## The answer").And.Contain("Was there something to teach?")
            .And.Contain("| Paper's protocol", Exactly.Times(0)).And.Contain("phantom tumor contrast");
        DateTime doneAt = File.GetLastWriteTimeUtc(Path.Combine(folder, "pairs", "pair-001", "done.json"));
        Kdnet second = Kdnet.Run(["study", "--out", folder, .. Small]);
        second.Output.Should().Contain("2 of 2 pairs are done").And.NotContain("epoch 1/1");
        File.GetLastWriteTimeUtc(Path.Combine(folder, "pairs", "pair-001", "done.json")).Should().Be(doneAt);
    }

    [Theory]
    [InlineData("--pairs must be at least 2", "--pairs", "1")]
    [InlineData("--noise", "--noise", "7")]
    [InlineData("multiple of 2", "--size", "17")]
    public void What_cannot_work_is_told_before_anything_is_written(string message, string option, string value)
    {
        Kdnet run = Kdnet.Run(
            [
                "study",
                "--out",
                Path.Combine(_folder, "study"),
                .. Small.Where((_, i) => i / 2 != Array.IndexOf(Small, option) / 2 || !Small.Contains(option)),
                option,
                value,
            ]);
        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(message);
        Directory.EnumerateFileSystemEntries(_folder).Should().BeEmpty();
    }

    [Fact]
    public void Other_settings_of_a_study_that_has_begun_are_told_by_name()
    {
        string folder = Path.Combine(_folder, "study");
        Kdnet.Run(["study", "--out", folder, .. Small]).ExitCode.Should().Be(0);
        Kdnet other = Kdnet.Run(["study", "--out", folder, .. Small, "--uneven-rim", "0.5"]);
        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("PhantomRimUnevenness was 0 and is now 0.5");
    }
}
