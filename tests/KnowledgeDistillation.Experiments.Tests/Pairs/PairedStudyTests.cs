using System.IO.Compression;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Pairs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Pairs;

public sealed class PairedStudyTests : IDisposable
{
    private static readonly PairedStudyOptions Small = new()
    {
        Settings = PairedStudyOptions.DefaultSettings with
        {
            PhantomEdge = 16,
            CropEdge = 16,
            Levels = 2,
            BaseWidth = 2,
            Training = PairedStudyOptions.DefaultSettings.Training with { Epochs = 2 },
        },
        Pairs = 2,
        TestCases = 3,
        TrainingCases = 2,
        ValidationCases = 2,
    };

    private readonly TemporaryFolder _folder = new();

    private string Study => _folder["study"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_study_is_done_pair_by_pair_and_grows_without_doing_a_pair_twice()
    {
        PairedStudyOutcome two = PairedStudy.Open(Study, Small).Run();

        two.Failed.Should().BeEmpty();
        (two.Planned, two.Finished).Should().Be((2, 2));
        Systems(1).Should().Equal("teacher", "baseline", "kd-net", "kd-net-squared", "gt-kl", "gt-kd");
        Systems(2).Should().Equal("teacher", "baseline", "kd-net", "kd-net-squared");
        // Only what is worth keeping is left of a pair, and its history can be read again.
        Directory.GetFileSystemEntries(Path.Combine(Study, "pairs", "pair-002")).Select(entry => Path.GetFileName(entry)).Should().BeEquivalentTo(
            "pair.csv", "cases.csv.gz", "done.json", "history-teacher.csv.gz", "history-baseline.csv.gz", "history-kd-net.csv.gz",
            "history-kd-net-squared.csv.gz");
        var history = CsvTable.Parse(Unpacked("pair-002", "history-kd-net.csv.gz"));
        history.Columns.Should().Contain("training_KL").And.Contain("mean_dice_of_validation");
        history.Rows.Should().HaveCount(2);
        var cases = CsvTable.Parse(Unpacked("pair-002", "cases.csv.gz"));
        cases.Rows.Should().HaveCount(4 * 3 * 3, "networks, phantoms, regions");
        // All networks of all pairs have seen the same references.
        CsvTable.Parse(Unpacked("pair-001", "cases.csv.gz")).Rows.Take(9).Select(row => row[4]).Should().Equal(cases.Rows.Take(9).Select(row => row[4]));
        var pairs = CsvTable.Read(Path.Combine(Study, "results", "pairs.csv"));
        pairs.Rows.Should().HaveCount((6 + 4) * 3);
        int row = Enumerable.Range(0, pairs.Rows.Count)
            .Single(i => pairs[i, "pair"] == "2" && pairs[i, "system"] == "kd-net" && pairs[i, "region"] == "WT");
        double mean = cases.Rows.Where(cell => cell[0] == "kd-net" && cell[3] == "WT").Average(cell => CsvTable.ParseNumber(cell[6]));
        CsvTable.ParseNumber(pairs[row, "dice"]).Should().BeApproximately(mean, 1e-6);
        CsvTable.Read(Path.Combine(Study, "results", "statistics.csv")).Rows.Should().HaveCount(6 * 3);
        File.ReadAllText(two.Report).Should().Contain("2 of 2 pairs are done");

        string first = File.ReadAllText(Path.Combine(Study, "pairs", "pair-001", "done.json"));
        PairedStudy three = PairedStudy.Open(Study, Small with { Pairs = 3 });
        three.Finished.Should().Be(2);
        three.Run().Finished.Should().Be(3);
        File.ReadAllText(Path.Combine(Study, "pairs", "pair-001", "done.json")).Should().Be(first);

        FluentActions.Invoking(() => PairedStudy.Open(Study, Small with { TestCases = 4 }))
            .Should().Throw<ExperimentException>().WithMessage("*TestCases was 3 and is now 4*");
    }

    [Fact]
    public void A_study_that_was_stopped_in_a_pair_comes_to_the_same_as_one_in_one_go()
    {
        PairedStudy.Open(Study, Small).Run();
        string parts = _folder["parts"];
        // Stopped again and again, each time after one more network.
        for (int stops = 1; stops <= 3; stops++)
        {
            using var stop = new CancellationTokenSource();
            FluentActions.Invoking(() => PairedStudy.Open(parts, Small, new StoppingDisplay(stop, fits: stops)).Run(cancellation: stop.Token))
                .Should().Throw<OperationCanceledException>();
        }

        PairedStudy.Open(parts, Small).Run().Finished.Should().Be(2);
        File.ReadAllText(Path.Combine(parts, "results", "pairs.csv")).Should().Be(File.ReadAllText(Path.Combine(Study, "results", "pairs.csv")));
    }

    [Fact]
    public void Baseline_and_students_of_a_pair_begin_with_the_same_weights_and_pairs_with_others()
    {
        PairedStudy.Open(Study, Small with { Settings = Small.Settings with { Training = Small.Settings.Training with { Epochs = 1, LearningRate = 1e-12 } } })
            .Run();
        var pairs = CsvTable.Read(Path.Combine(Study, "results", "pairs.csv"));
        string Predicted(int pair, string system) => string.Join(' ', Enumerable.Range(0, pairs.Rows.Count)
            .Where(i => pairs[i, "pair"] == $"{pair}" && pairs[i, "system"] == system).Select(i => pairs[i, "predicted_voxels"]));

        // Nothing is learned, so what is scored are the initial weights.
        Predicted(1, "kd-net").Should().Be(Predicted(1, "baseline"));
        Predicted(1, "gt-kl").Should().Be(Predicted(1, "baseline"));
        Predicted(2, "kd-net-squared").Should().Be(Predicted(2, "baseline"));
        Predicted(2, "baseline").Should().NotBe(Predicted(1, "baseline"));
    }

    [Fact]
    public void Faults_are_told_at_once_and_before_anything_is_written()
    {
        FluentActions.Invoking(() => PairedStudy.Open(Study, new PairedStudyOptions { Pairs = 1, TestCases = 0, TakeOver = TimeSpan.Zero }))
            .Should().Throw<ExperimentException>().WithMessage("*Pairs*1*TestCases*0*TakeOver*");
        FluentActions.Invoking(() => PairedStudy.Open(Study, Small with { Settings = Small.Settings with { CropEdge = 17, PhantomEdge = 17 } }))
            .Should().Throw<ExperimentException>().WithMessage("*17*");
        Directory.Exists(Study).Should().BeFalse();
    }

    [Fact]
    public void A_pair_whose_files_are_damaged_is_named_and_stops_nothing_else()
    {
        PairedStudyOutcome sound = PairedStudy.Open(Study, Small).Run();
        sound.Finished.Should().Be(2);
        foreach (string file in new[] { "pair.csv", "done.json" })
        {
            string path = Path.Combine(Study, "pairs", "pair-002", file);
            byte[] whole = File.ReadAllBytes(path);
            // One bit of a figure, one of a name, and none of the file at all.
            foreach (byte[] damaged in new[] { Flipped(whole.Length / 2), Flipped(3), [] })
            {
                File.WriteAllBytes(path, damaged);
                PairedStudyOutcome outcome = PairedStudy.Open(Study, Small).Run();
                outcome.Failed.Keys.Should().Equal("pair-002");
                outcome.Failed.Values.Single().Should().Contain(file).And.Contain("damaged").And.Contain("delete");
                outcome.Finished.Should().Be(1);
                CsvTable.Read(Path.Combine(Study, "results", "pairs.csv")).Rows.Should().OnlyContain(row => row[0] == "1");
            }

            File.WriteAllBytes(path, whole);

            byte[] Flipped(int place)
            {
                byte[] copy = [.. whole];
                copy[place] ^= 1;
                return copy;
            }
        }

        PairedStudy.Open(Study, Small).Run().Failed.Should().BeEmpty();
    }

    private string[] Systems(int pair)
    {
        var table = CsvTable.Read(Path.Combine(Study, "pairs", $"pair-{pair:000}", "pair.csv"));
        return [.. Enumerable.Range(0, table.Rows.Count).Select(row => table[row, "system"]).Distinct()];
    }

    private string Unpacked(string pair, string file)
    {
        using var stream = new GZipStream(File.OpenRead(Path.Combine(Study, "pairs", pair, file)), CompressionMode.Decompress);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
