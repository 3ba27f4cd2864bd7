using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class ReproduceCommandTests : IDisposable
{
    private static readonly string[] Small =
        ["--cases", "6", "--size", "16", "--levels", "2", "--width", "2", "--epochs", "2", "--folds", "2", "--threads", "1"];
    private static readonly string[] Few = ["--only", "fold-1/*-1-skips", "--temperature", "5", "--alpha", "10"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-reproduce-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_dry_run_shows_the_plan_with_the_time_and_writes_nothing()
    {
        Kdnet run = Kdnet.Run(["reproduce", "--dry-run", "--out", In("dry"), .. Small]);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        run.Output.Should().Contain("kd-net-literal-1-skips").And.Contain("32 runs").And.Contain("about").And.Contain("estimated");
        // First what all of them have in common.
        run.Output.Should().ContainAll(
            "6 cases (", "16³ voxels", "2 channels at first, 2 levels",
            "2 epochs, 1 case per step, Adam 0.002",
            "×0.2 when the validation loss", "mean Dice of ET, TC and WT",
            "float32", "λ 0.75, T 5, α 2", "at most");
        run.Output.IndexOf("Training: 2 epochs", StringComparison.Ordinal).Should().BeLessThan(run.Output.IndexOf("kd-net-literal", StringComparison.Ordinal));
        Directory.EnumerateFileSystemEntries(_folder).Should().BeEmpty();
    }

    [Fact]
    public void A_dry_run_of_the_papers_preset_says_its_protocol_and_plans_what_was_chosen_alone()
    {
        Kdnet run = Kdnet.Run(
            "reproduce", "--dry-run", "--preset", "paper", "--cases", "12", "--only", "baseline-1*", "--out", In("paper"), "--size", "16", "--crop", "16",
            "--subsample", "1", "--levels", "2", "--width", "2", "--precision", "mixed", "--threads", "1");

        run.Error.Should().BeEmpty();
        run.Output.Should().ContainAll(
            "500 epochs",
            "Adam 0.0001",
            "not fallen for 50 epochs",
            "weights of the lowest validation loss",
            "bfloat16",
            "the paper's weights",
            "baseline-1-skips");
        run.Output.Should().NotContain("teacher-1-skips").And.NotContain("baseline-0-skips").And.NotContain("not here");
    }

    [Fact]
    public void Everything_is_trained_and_scored_and_done_once()
    {
        Kdnet first = Kdnet.Run(
            ["reproduce", "--out", In("all"), "--variants", "synthesis", "--modalities", "flair", "--temperature", "5", "--alpha", "10", .. Small]);

        first.Error.Should().BeEmpty();
        first.ExitCode.Should().Be(0);
        first.Output.Should().Contain($"30 of 30 runs are done. Everything is in {In("all")}");
        string[] runs = [.. Directory.GetDirectories(In("all", "runs", "fold-1")).Select(run => Path.GetFileName(run))];
        runs.Should().HaveCount(15).And.Contain("u-hved").And.Contain("synthesis-1-skips").And.Contain("kd-net-1-skips-flair");
        foreach (string run in runs)
        {
            Directory.GetFileSystemEntries(In("all", "runs", "fold-1", run)).Select(entry => Path.GetFileName(entry)).Except(["generator"])
                .Should().BeEquivalentTo(["run.json", "done.json", "best", "last", "history.csv", "tensorboard", "scores.csv", "scores.json"]);
            // Three test cases, two grids, three regions, and the header.
            File.ReadAllLines(In("all", "runs", "fold-1", run, "scores.csv")).Should().HaveCount(1 + (3 * 2 * 3));
        }

        DateTime doneAt = File.GetLastWriteTimeUtc(In("all", "runs", "fold-2", "kd-net-0-skips", "done.json"));
        Kdnet second = Kdnet.Run(["reproduce", "--out", In("all"), "--temperature", "5", "--alpha", "10", .. Small]);
        second.ExitCode.Should().Be(0);
        second.Output.Should().Contain("0 runs to do here").And.Contain("30 of 30 runs", "what was asked for before still counts");
        File.GetLastWriteTimeUtc(In("all", "runs", "fold-2", "kd-net-0-skips", "done.json")).Should().Be(doneAt);
    }

    [Fact]
    public void On_a_data_set_its_cases_are_used_and_others_are_refused()
    {
        Kdnet.Run("phantom", "--out", In("patients"), "--cases", "6", "--size", "16").ExitCode.Should().Be(0);
        string[] arguments =
        [
            "reproduce", "--data", In("patients"), "--preset", "quick", "--out", In("patients-out"), "--crop", "16", "--subsample", "1", "--levels", "2",
            "--width", "2", "--epochs", "1", "--folds", "2", "--threads", "1", "--only", "fold-2/baseline-1-skips",
        ];
        Kdnet.Run(arguments).ExitCode.Should().Be(0);
        Directory.Exists(In("patients-out", "data")).Should().BeFalse();

        // The same folder elsewhere is the same data; one patient less is not.
        Directory.CreateDirectory(In("elsewhere"));
        Directory.Move(In("patients"), In("elsewhere", "patients"));
        arguments[2] = In("elsewhere", "patients");
        Kdnet.Run(arguments).ExitCode.Should().Be(0);
        Directory.Delete(Directory.GetDirectories(In("elsewhere", "patients", "HGG"))[0], recursive: true);
        Kdnet fewer = Kdnet.Run(arguments);
        fewer.ExitCode.Should().Be(2);
        fewer.Error.Should().Contain("Data was patients, 6 cases (").And.Contain("and is now patients, 5 cases (");
    }

    [Theory]
    [InlineData("Alpha was 2 and is now 3", "--alpha", "3")]
    [InlineData("Seed was 1 and is now 2", "--seed", "2")]
    [InlineData("Epochs was 1 and is now 3", "--epochs", "3")]
    [InlineData("PhantomNoise was 0.1 and is now 0.04", "--noise", "0.04")]
    [InlineData("No run has a name like 'fold-1/teahcer*'", "--only", "fold-1/teahcer*")]
    [InlineData("fold-1/kd-net-tuned-1-skips needs its teacher fold-1/teacher-1-skips", "--only", "fold-1/kd-net-tuned-1-skips")]
    [InlineData("--shard", "--shard", "3/2")]
    [InlineData("--folds", "--folds", "1")]
    [InlineData("BaseWidth must be even", "--width", "3")]
    public void What_makes_no_sense_or_changes_what_is_there_is_refused_by_name(string message, string option, string value)
    {
        string[] settings = [.. Small.Where((_, position) => Small[position & ~1] != "--epochs"), "--epochs", "1"];
        Kdnet.Run(["reproduce", "--out", In("begun"), "--only", "fold-2/baseline-0-skips", .. settings]).ExitCode.Should().Be(0);
        string[] before = Directory.GetFileSystemEntries(In("begun"), "*", SearchOption.AllDirectories);

        Kdnet run = Kdnet.Run(["reproduce", "--out", In("begun"), .. settings.Where((_, position) => settings[position & ~1] != option), option, value]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().ContainEquivalentOf(message).And.NotContain("   at ");
        Directory.GetFileSystemEntries(In("begun"), "*", SearchOption.AllDirectories).Should().BeEquivalentTo(before);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(2, 4)]
    [InlineData(4, 4)]
    public void Fewer_cases_than_the_folds_need_are_refused_before_anything_is_done(int folds, int needed)
    {
        string[] Arguments(int cases) =>
        [
            "reproduce",
            "--out",
            In("few"),
            .. Small.Select(
                (word, i) => i == 0 ? word : Small[i - 1] switch { "--cases" => $"{cases}", "--folds" => $"{folds}", "--epochs" => "1", _ => word }),
            "--only",
            "baseline-0*",
        ];
        Kdnet refused = Kdnet.Run(Arguments(needed - 1));
        refused.ExitCode.Should().Be(2);
        refused.Error.Should().Contain($"There are {needed - 1} cases, but a cross-validation with {folds} folds needs at least {needed}")
            .And.Contain("kdnet evaluate --cases all");
        Directory.EnumerateFileSystemEntries(_folder).Should().BeEmpty();
        Kdnet.Run(Arguments(needed)).ExitCode.Should().Be(0);
    }

    [Fact]
    public void A_single_patient_cannot_be_trained_and_tested_on()
    {
        Kdnet.Run("phantom", "--out", In("patient"), "--cases", "1", "--size", "16").ExitCode.Should().Be(0);
        Kdnet refused = Kdnet.Run("reproduce", "--data", In("patient"), "--out", In("single"));
        refused.ExitCode.Should().Be(2);
        refused.Error.Should().Contain($"There is 1 case in '{In("patient")}', but a cross-validation with 3 folds needs at least 3");
        Directory.Exists(In("single")).Should().BeFalse();
    }

    [Fact]
    public void A_folder_that_holds_something_else_is_left_alone()
    {
        Directory.CreateDirectory(In("thesis"));
        File.WriteAllText(In("thesis", "thesis.txt"), "words");

        foreach (string[] dry in new string[][] { [], ["--dry-run"] })
            Kdnet.Run(["reproduce", "--out", In("thesis"), .. Small, .. dry]).ExitCode.Should().Be(2);
        Directory.EnumerateFileSystemEntries(In("thesis")).Should().ContainSingle();
    }

    [Fact]
    public void A_reproduction_that_is_cancelled_says_how_to_go_on()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Kdnet stopped = Kdnet.Run(cancelled.Token, ["reproduce", "--out", In("cancelled"), .. Small]);

        stopped.ExitCode.Should().Be(130);
        stopped.Error.Should().Contain("give the same command again: kdnet reproduce --out");
    }

    [Fact]
    public void A_run_that_fails_is_recorded_and_tried_again_and_the_others_go_on()
    {
        string damaged = In("failing", "runs", "fold-1", "teacher-1-skips", "working-1", "last");
        string[] arguments = ["reproduce", "--out", In("failing"), .. Small, .. Few];
        Kdnet.Run(["reproduce", "--out", In("failing"), .. Small, .. Few[2..], "--only", "fold-1/baseline-0-skips"]).ExitCode.Should().Be(0);
        Directory.CreateDirectory(damaged);
        File.WriteAllText(Path.Combine(damaged, "model.json"), "{");
        Kdnet first = Kdnet.Run(arguments);

        first.ExitCode.Should().Be(1);
        first.Error.Should().Contain("fold-1/teacher-1-skips failed:").And.Contain("model.json")
            .And.Contain("fold-1/kd-net-1-skips: its teacher fold-1/teacher-1-skips is missing");
        IsDone("failing", "baseline-1-skips").Should().BeTrue();
        File.ReadAllText(In("failing", "runs", "fold-1", "teacher-1-skips", "failed.json")).Should().Contain("model.json");
        Directory.EnumerateFiles(In("failing", "runs", "fold-1", "teacher-1-skips"), "claim-*").Should().NotBeEmpty();

        Directory.Delete(Directory.GetDirectories(In("failing", "runs", "fold-1", "teacher-1-skips"), "working-*").Single(), recursive: true);
        Kdnet second = Kdnet.Run(arguments);
        second.Error.Should().BeEmpty();
        second.ExitCode.Should().Be(0);
        IsDone("failing", "kd-net-1-skips").Should().BeTrue();
        File.Exists(In("failing", "runs", "fold-1", "teacher-1-skips", "failed.json")).Should().BeFalse();
    }

    [Fact]
    public void A_reproduction_that_is_killed_again_and_again_finds_the_same_scores()
    {
        Kdnet.Run(["reproduce", "--out", In("whole"), .. Small, .. Few]).ExitCode.Should().Be(0);

        string[] arguments = ["reproduce", "--out", In("killed"), .. Small, .. Few];
        foreach (string moment in new[] { "Teacher: epoch 1/2", "Baseline: epoch 2/2", "fold-1/gt-kl-1-skips", "KD-Net student: epoch 1/2" })
        {
            using KdnetProcess process = KdnetProcess.Start(arguments);
            process.ReadToEnd(killAt: line => line.Contains(moment, StringComparison.Ordinal)).Should().NotBe(0);
        }

        using KdnetProcess last = KdnetProcess.Start(arguments);
        last.ReadToEnd().Should().Be(0);
        last.Lines.Should().NotContain(line => line.StartsWith("fold-1/teacher", StringComparison.Ordinal), "finished runs are not done again");
        SameScores("whole", "killed");
        File.ReadAllLines(In("killed", "runs", "fold-1", "kd-net-1-skips", "history.csv")).Should().HaveCount(3);
    }

    [Fact]
    public void What_another_machine_has_abandoned_is_waited_for_and_then_taken_over()
    {
        string[] arguments = ["reproduce", "--out", In("abandoned"), "--take-over", "0.05", .. Small, "--only", "fold-1/teacher-1-skips"];
        using (KdnetProcess process = KdnetProcess.Start(arguments))
            process.ReadToEnd(killAt: line => line.Contains("Teacher: epoch 1/2", StringComparison.Ordinal)).Should().NotBe(0);
        string claim = In("abandoned", "runs", "fold-1", "teacher-1-skips", "claim-1.json");
        JsonNode holder = JsonNode.Parse(File.ReadAllText(claim))!;
        holder["Machine"] = "another";
        File.WriteAllText(claim, holder.ToJsonString());

        Kdnet run = Kdnet.Run(arguments);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        run.Output.Should().Contain("Other processes are at work on 1 run: waiting").And.NotContain("Teacher: epoch 1/2", "what was done is not done again");
        IsDone("abandoned", "teacher-1-skips").Should().BeTrue();
    }

    [Theory]
    [InlineData("1/2", "2/2")]
    [InlineData("1/1", "1/1")]
    public void Two_processes_share_the_work_and_find_the_same_scores_as_one(string firstShard, string secondShard)
    {
        string[] few = [.. Few, "--only", "fold-2/*-1-skips"];
        Kdnet.Run(["reproduce", "--out", In("alone"), .. Small, .. few]).ExitCode.Should().Be(0);

        using KdnetProcess first = KdnetProcess.Start(["reproduce", "--out", In("shared"), "--shard", firstShard, .. Small, .. few]);
        using KdnetProcess second = KdnetProcess.Start(["reproduce", "--out", In("shared"), "--shard", secondShard, .. Small, .. few]);
        var reader = new Thread(() => first.ReadToEnd());
        reader.Start();
        second.ReadToEnd().Should().Be(0);
        reader.Join();
        first.ReadToEnd().Should().Be(0);

        string[] begun = [.. first.Lines.Concat(second.Lines).Where(line => line.StartsWith("fold-", StringComparison.Ordinal))];
        begun.Should().HaveCount(10).And.OnlyHaveUniqueItems("each run is done once");
        SameScores("alone", "shared");
        Directory.EnumerateFiles(In("shared", "runs"), "claim-*", SearchOption.AllDirectories).Should().BeEmpty();
    }

    [Fact]
    public void A_shard_that_is_alone_does_the_teachers_that_it_needs()
    {
        // The second of the three: the baseline, and the student whose teacher belongs to the first.
        string[] arguments =
        [
            "reproduce", "--out", In("shard"), .. Small, "--only", "fold-1/teacher-1-skips", "fold-1/baseline-1-skips",
            "fold-1/baseline-0-skips", "fold-1/kd-net-tuned-1-skips", "--shard", "2/2",
        ];
        Kdnet run = Kdnet.Run(arguments);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        IsDone("shard", "teacher-1-skips").Should().BeTrue();
        IsDone("shard", "kd-net-tuned-1-skips").Should().BeTrue();
        IsDone("shard", "baseline-0-skips").Should().BeFalse();
    }

    [Fact]
    public void Several_seeds_make_the_folders_that_each_would_make_alone_and_a_report_on_all()
    {
        string[] few =
        [
            "--cases", "9", "--size", "16", "--levels", "2", "--width", "2", "--epochs", "2", "--threads", "1",
            "--temperature", "5", "--alpha", "10", "--only", "teacher-1*", "baseline-1*", "kd-net-1*",
        ];
        // The first seed alone, then both, of which the first is done.
        Kdnet.Run(["reproduce", "--out", In("seeds", "seed-1"), "--seed", "1", .. few]).ExitCode.Should().Be(0);
        Kdnet both = Kdnet.Run(["reproduce", "--out", In("seeds"), "--seeds", "1", "2", .. few]);

        both.Error.Should().BeEmpty();
        both.ExitCode.Should().Be(0);
        both.Output.Should().Contain("72 runs in all, 9 done. 9 runs to do here").And.Contain("seed-2/fold-3/kd-net-1-skips").And.NotContain("seed-1/fold-1/")
            .And.Contain($"18 of 18 runs are done. Everything is in {In("seeds")}");
        Kdnet.Run(["reproduce", "--out", In("alone"), "--seed", "2", .. few]).ExitCode.Should().Be(0);
        SameScores("alone", Path.Combine("seeds", "seed-2"));
        File.ReadAllText(In("seeds", "seed-2", "results", "statistics.csv")).Should().Be(File.ReadAllText(In("alone", "results", "statistics.csv")));

        string page = File.ReadAllText(In("seeds", "report.html"));
        page.Should().Contain("href=\"seed-1/report.html\"").And.Contain("18 of 18 runs are done").And.NotContain("Runs that failed")
            .And.NotContain("Not done yet")
            .And.Contain("Left out by choice, so that nothing is said of it: teacher-0-skips");
        File.ReadAllText(In("seeds", "seed-1", "report.html")).Should().Contain("9 of 9 runs are done")
            .And.Contain("Every run that was planned is done; none failed.");
        File.ReadAllText(In("seeds", "report.md")).Should().Contain("[Seed 2](seed-2/report.md)");
        // One student in three regions on two grids with two seeds, and the header.
        File.ReadAllLines(In("seeds", "results", "differences.csv")).Should().HaveCount(1 + (3 * 2 * 2));
    }

    [Fact]
    public void Shards_and_patterns_go_over_all_seeds_and_a_dry_run_writes_nothing()
    {
        Kdnet dry = Kdnet.Run(
            [
                "reproduce", "--dry-run", "--out", In("seeds"), "--seeds", "1", "2", "3", "--only",
                "seed-2/*baseline-0*", "seed-3/fold-1/baseline-0*", "--shard", "2/2", .. Small,
            ]);

        dry.Error.Should().BeEmpty();
        dry.Output.Should().Contain("96 runs in all, 0 done. 1 run to do here").And.Contain("seed-1/").And.Contain("seed-3/");
        Directory.EnumerateFileSystemEntries(_folder).Should().BeEmpty();
    }

    [Fact]
    public void Seeds_that_other_calls_have_done_are_part_of_the_report()
    {
        string[] few = [.. Small, "--only", "baseline-0*"];
        Kdnet.Run(["reproduce", "--out", In("more"), "--seeds", "2", .. few]).ExitCode.Should().Be(0);
        Kdnet.Run(["reproduce", "--out", In("more"), "--seeds", "1", .. few]).ExitCode.Should().Be(0);
        File.ReadAllText(In("more", "report.html")).Should().Contain("2 seeds: 1 and 2.").And.Contain("4 of 4 runs are done");

        // Another width would make them incomparable.
        string[] wider = [.. few.Select((word, position) => position > 0 && few[position - 1] == "--width" ? "4" : word)];
        Kdnet refused = Kdnet.Run(["reproduce", "--out", In("more"), "--seeds", "3", .. wider]);
        refused.ExitCode.Should().Be(2);
        refused.Error.Should().Contain("seed-1' holds a reproduction with other settings: BaseWidth was 2 and is now 4");
        Directory.Exists(In("more", "seed-3")).Should().BeFalse();
    }

    [Fact]
    public void Two_processes_share_several_seeds_and_one_that_is_killed_goes_on_with_them()
    {
        string[] few = ["--seeds", "1", "2", .. Small, .. Few];
        using (KdnetProcess killed = KdnetProcess.Start(["reproduce", "--out", In("killed"), .. few]))
            killed.ReadToEnd(killAt: line => line.Contains("seed-2/fold-1/baseline", StringComparison.Ordinal)).Should().NotBe(0);
        Kdnet.Run(["reproduce", "--out", In("killed"), .. few]).ExitCode.Should().Be(0);

        using KdnetProcess first = KdnetProcess.Start(["reproduce", "--out", In("shared"), "--shard", "1/2", .. few]);
        using KdnetProcess second = KdnetProcess.Start(["reproduce", "--out", In("shared"), "--shard", "2/2", .. few]);
        var reader = new Thread(() => first.ReadToEnd());
        reader.Start();
        second.ReadToEnd().Should().Be(0);
        reader.Join();
        first.ReadToEnd().Should().Be(0);

        first.Lines.Concat(second.Lines).Where(line => line.StartsWith("seed-", StringComparison.Ordinal)).Should().HaveCount(10)
            .And.OnlyHaveUniqueItems("each run is done once");
        // Whoever ends last writes what is there of both.
        Kdnet.Run(["reproduce", "--out", In("shared"), .. few]).ExitCode.Should().Be(0);
        foreach (string name in new[] { "seeds.csv", "summary.csv", "differences.csv", "statistics.csv" })
            File.ReadAllText(In("shared", "results", name)).Should().Be(File.ReadAllText(In("killed", "results", name)), name);
    }

    [Theory]
    [InlineData("--seed and --seeds exclude each other", "--seeds", "1", "2", "--seed", "3")]
    [InlineData("--seeds names 2 twice", "--seeds", "2", "1", "2")]
    [InlineData("--seeds", "--seeds")]
    [InlineData("--seeds", "--seeds", "one")]
    public void Seeds_that_make_no_sense_are_refused(string message, params string[] seeds)
    {
        Kdnet run = Kdnet.Run(["reproduce", "--out", In("refused"), .. Small, .. seeds]);
        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(message).And.NotContain("   at ");
        Directory.EnumerateFileSystemEntries(_folder).Should().BeEmpty();
    }

    [Fact]
    public void Several_seeds_do_not_go_where_something_else_is()
    {
        Directory.CreateDirectory(In("thesis"));
        File.WriteAllText(In("thesis", "thesis.txt"), "words");
        Kdnet.Run(["reproduce", "--out", In("thesis"), "--seeds", "1", "2", .. Small])
            .Error.Should().Contain("holds something else than a reproduction with several seeds");
        Directory.EnumerateFileSystemEntries(In("thesis")).Should().ContainSingle();
    }

    private bool IsDone(string reproduction, string row) => File.Exists(In(reproduction, "runs", "fold-1", row, "done.json"));

    private void SameScores(string expected, string actual)
    {
        string[] runs =
            [.. Directory.GetFiles(In(expected, "runs"), "scores.csv", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(In(expected), file))];
        runs.Should().NotBeEmpty();
        foreach (string run in runs)
            File.ReadAllText(In(actual, run)).Should().Be(File.ReadAllText(In(expected, run)), run);
    }

    private string In(params string[] names) => Path.Combine([_folder, .. names]);
}
