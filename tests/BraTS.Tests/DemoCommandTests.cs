using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class DemoCommandTests(TrainedNetworks trained)
{
    private static readonly string[] Small =
        ["--cases", "6", "--size", "16", "--subsample", "1", "--levels", "2", "--width", "2", "--epochs", "1", "--threads", "1"];

    [Fact]
    public void A_demo_leaves_data_checkpoints_logs_tables_and_a_page_and_goes_no_further_the_second_time()
    {
        string folder = trained.In("demo");
        Kdnet first = Kdnet.Run(["demo", "--out", folder, .. Small]);

        first.Error.Should().BeEmpty();
        first.ExitCode.Should().Be(0);
        first.Output.Should().Contain("71.67 ± 1.22", "the paper's figures stand beside").And.Contain(folder);
        foreach (string network in new[] { "teacher", "baseline", "kd-net" })
        {
            File.Exists(Path.Combine(folder, network, "best", "weights.safetensors")).Should().BeTrue();
            File.Exists(Path.Combine(folder, network, "history.csv")).Should().BeTrue();
            Directory.EnumerateFiles(Path.Combine(folder, network, "tensorboard")).Should().NotBeEmpty();
        }

        string page = File.ReadAllText(Path.Combine(folder, "report.html"));
        page.Should().Contain("data:image/png;base64,").And.Contain("<polyline").And.NotContain("http", "the page needs no other file");
        // Three networks, two test cases, three regions, and the header.
        File.ReadAllLines(Path.Combine(folder, "scores.csv")).Should().HaveCount(1 + (3 * 2 * 3));
        File.ReadAllText(Path.Combine(folder, "summary.csv")).Should().Contain("skipped").And.Contain("1 if both are empty");

        DateTime trainedAt = File.GetLastWriteTimeUtc(Path.Combine(folder, "kd-net", "last", "weights.safetensors"));
        Kdnet second = Kdnet.Run(["demo", "--out", folder, .. Small]);
        second.ExitCode.Should().Be(0);
        File.GetLastWriteTimeUtc(Path.Combine(folder, "kd-net", "last", "weights.safetensors")).Should().Be(trainedAt);

        Kdnet other = Kdnet.Run(["demo", "--out", folder, .. Small, "--alpha", "3"]);
        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("Alpha was 0.1 and is now 3");
    }

    [Fact]
    public void A_demo_on_a_real_folder_uses_its_cases_and_makes_no_phantoms()
    {
        string folder = trained.In("demo-on-data");
        Kdnet run = Kdnet.Run(
            "demo",
            "--data",
            trained.Data,
            "--out",
            folder,
            "--crop",
            "16",
            "--subsample",
            "2",
            "--levels",
            "2",
            "--width",
            "2",
            "--epochs",
            "1",
            "--threads",
            "1");

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        Directory.Exists(Path.Combine(folder, "data")).Should().BeFalse();
        run.Output.Should().Contain("4 cases");
    }

    [Fact]
    public void A_folder_that_holds_something_else_is_left_alone()
    {
        string folder = Directory.CreateDirectory(trained.In("not-a-demo")).FullName;
        File.WriteAllText(Path.Combine(folder, "thesis.txt"), "words");

        Kdnet run = Kdnet.Run(["demo", "--out", folder, .. Small]);

        run.ExitCode.Should().Be(2);
        Directory.EnumerateFileSystemEntries(folder).Should().ContainSingle();
    }

    [Fact]
    public void A_cancelled_demo_says_how_to_go_on_and_does()
    {
        string folder = trained.In("cancelled-demo");
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Kdnet cancelled = Kdnet.Run(cancellation.Token, ["demo", "--out", folder, .. Small]);

        cancelled.ExitCode.Should().Be(130);
        cancelled.Error.Should().Contain("give the same command again: kdnet demo --out");
        Kdnet.Run(["demo", "--out", folder, .. Small]).ExitCode.Should().Be(0);
    }
}
