using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Tests;

public sealed class ReproductionStudyTests : IDisposable
{
    private static readonly ExperimentSettings Small = ReproductionPresets.Quick with
    {
        PhantomCases = 6,
        PhantomEdge = 16,
        CropEdge = 16,
        Levels = 2,
        BaseWidth = 2,
        Folds = 2,
        Training = new TrainingOptions { Epochs = 2, LearningRate = 2e-3, Precision = Precision.Full, GradientSharesEvery = 5 },
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_read_back_is_what_was_found()
    {
        ReproductionOutcome outcome = ReproductionStudy.Open(
            _folder["one"], new ReproductionOptions { Settings = Small, Only = ["fold-1/teacher-1-skips", "fold-1/kd-net-tuned-1-skips"] }).Run();
        ReproductionState state =
            ReproductionStates.Read(Small, "phantoms", new ReproductionPlan(Small, [], []).Runs(), new ReproductionFolder(_folder["one"]));

        outcome.NotDone.Should().BeEmpty();
        // The rows that were chosen have a run in the other fold, too.
        (outcome.Planned, outcome.Finished).Should().Be((4, 2));
        state.Plan.Should().HaveCount(32);
        state.Failed.Should().BeEmpty();
        state.Finished.Select(run => run.Run.Row).Should().Equal("teacher-1-skips", "kd-net-tuned-1-skips");
        FinishedRun student = state.Finished[1];
        ScoresCsv.Write(_folder["again.csv"], student.Scores);
        File.ReadAllText(_folder["again.csv"]).Should().Be(File.ReadAllText(Path.Combine(student.Folder, "scores.csv")));
        student.Scores.Should().OnlyContain(score => score.Network == student.Run.Row);
        student.History.Should().HaveCount(2);
        student.History[0].Training.Terms.Select(term => (term.Name, term.Weight)).Should().Equal(("KD", 0.75), ("GT", 0.25), ("KL", 2));
        student.History[0].Training.Total.Should().BeApproximately(student.History[0].Training.Terms.Sum(term => term.Weighted), 1e-6);
        student.History[0].Validation.Should().NotBeNull();
        student.History[0].GradientShares.Should().ContainKeys("KD", "GT", "KL");
        student.History[1].GradientShares.Should().BeNull();
        student.History.Should().Contain(epoch => epoch.IsBest);
        student.Facts.Seconds.Should().BePositive();
        student.Facts.Versions.Should().ContainKeys("kdnet", ".NET", "TorchSharp", "libtorch");
    }

    [Fact]
    public void A_network_of_the_users_own_takes_the_place_of_the_papers_and_several_seeds_are_reported_together()
    {
        NetworkRecipes.Register<PlainNetOptions>();
        NetworkNames.Register("PlainNet", (modalities, channels) => new PlainNetOptions(modalities, channels));
        var options = new ReproductionOptions
        {
            Settings = Small with { Network = "PlainNet", Training = Small.Training with { Epochs = 1 } },
            Seeds = [1, 2],
            Only = ["plainnet-teacher", "plainnet-baseline", "plainnet-kd-net-tuned"],
        };
        ReproductionStudy study = ReproductionStudy.Open(_folder["own"], options);
        study.Own.Should().HaveCount(2 * 2 * 3).And.OnlyContain(run => !study.IsDone(run));
        study.NameOf(study.Own[0]).Should().Be("seed-1/fold-1/plainnet-teacher");
        study.Estimate().Keys.Should().BeEquivalentTo(study.Own.Select(study.NameOf));
        ReproductionOutcome outcome = study.Run();

        outcome.NotDone.Should().BeEmpty();
        (outcome.Planned, outcome.Finished).Should().Be((12, 12));
        File.ReadAllText(_folder["own/seed-2/runs/fold-1/plainnet-kd-net-tuned/best/model.json"]).Should().Contain(nameof(PlainNetOptions));
        string report = File.ReadAllText(outcome.Report);
        report.Should().Contain("KD-Net (PlainNet), tuned (λ 0.75, T 5, α 2").And.Contain("there are fewer than 3 seeds")
            .And.NotContain("no KD-Net student").And.NotContain("Infinity");
        File.ReadAllLines(_folder["own/results/differences.csv"]).Should().HaveCount(1 + (2 * 2 * 3), "two grids, three regions, two seeds");

        // A seed that is named later joins those that are done.
        ReproductionStudy more = ReproductionStudy.Open(_folder["own"], options with { Seeds = [3], Only = ["fold-1/plainnet-baseline"] });
        more.Run().Finished.Should().Be(1);
        File.ReadAllText(outcome.Report).Should().Contain("3 seeds: 1, 2 and 3");
    }

    [Fact]
    public void A_run_that_cannot_be_done_is_named_with_its_reason_and_the_others_are_done()
    {
        var options = new ReproductionOptions
        {
            Settings = Small with { Training = Small.Training with { Epochs = 1 } },
            Only = ["fold-1/teacher-1-skips", "fold-1/baseline-1-skips", "fold-1/gt-kd-1-skips"],
        };
        ReproductionStudy study = ReproductionStudy.Open(_folder["failing"], options);
        string damaged = _folder["failing/runs/fold-1/teacher-1-skips/working-1/last"];
        ReproductionStudy.Open(_folder["failing"], options with { Only = ["fold-1/baseline-1-skips"] }).Run();
        Directory.CreateDirectory(damaged);
        File.WriteAllText(Path.Combine(damaged, "model.json"), "{");
        ReproductionOutcome outcome = study.Run();

        outcome.NotDone.Keys.Should().Equal("fold-1/gt-kd-1-skips", "fold-1/teacher-1-skips");
        outcome.NotDone["fold-1/teacher-1-skips"].Should().Contain("model.json");
        outcome.NotDone["fold-1/gt-kd-1-skips"].Should().Be("its teacher fold-1/teacher-1-skips is missing");
        study.Own.Where(study.IsDone).Select(study.NameOf).Should().Equal("fold-1/baseline-1-skips");
    }

    [Theory]
    [InlineData("scores.json", "[{\"Network\": ")]
    [InlineData("scores.json", "null")]
    [InlineData("scores.json", "[{\"Grid\": \"Elsewhere\"}]")]
    [InlineData("done.json", "")]
    [InlineData("done.json", "{\"Seconds\": 1, \"Seconds\": {}}")]
    [InlineData("done.json", "{\"FinishedAt\": \"2026-01-01T00:00:00+00:00\", \"Seconds\": 1, \"Versions\": {}}")]
    [InlineData("scores.json", "[null]")]
    [InlineData("history.csv", "no table")]
    [InlineData("run.json", "{\"Seed\": 1, \"Seed\": 2}")]
    public void A_finished_run_that_cannot_be_read_any_more_is_named_and_stops_nothing_else(string file, string content)
    {
        var options = new ReproductionOptions
        {
            Settings = Small with { Training = Small.Training with { Epochs = 1 } },
            Only = ["fold-1/baseline-1-skips", "fold-1/baseline-0-skips"],
        };
        ReproductionStudy.Open(_folder["damaged"], options with { Only = ["fold-1/baseline-1-skips"] }).Run();
        File.WriteAllText(_folder["damaged/runs/fold-1/baseline-1-skips", file], content);
        ReproductionStudy study = ReproductionStudy.Open(_folder["damaged"], options);
        study.Estimate().Keys.Should().Equal("fold-1/baseline-0-skips");
        ReproductionOutcome outcome = study.Run();

        outcome.NotDone.Keys.Should().Equal("fold-1/baseline-1-skips");
        outcome.NotDone.Values.Single().Should().Contain(file).And.Contain("damaged").And.Contain("delete");
        outcome.Finished.Should().Be(1);
        File.ReadAllText(outcome.Report).Should().Contain("1 failed").And.Contain("is damaged");
        File.ReadAllText(_folder["damaged/results/cases.csv"]).Should().Contain("baseline-0-skips").And.NotContain("baseline-1-skips");
    }

    [Fact]
    public void A_flipped_bit_in_what_a_finished_run_says_never_gives_another_result()
    {
        var options = new ReproductionOptions
        {
            Settings = Small with { Training = Small.Training with { Epochs = 1 } },
            Only = ["fold-1/baseline-1-skips"],
        };
        ReproductionStudy study = ReproductionStudy.Open(_folder["flipped"], options);
        ReproductionOutcome outcome = study.Run();
        string cases = _folder["flipped/results/cases.csv"], sound = File.ReadAllText(cases);
        var random = new Random(1);
        foreach (string file in new[] { "done.json", "scores.json", "history.csv", "run.json" })
        {
            string path = _folder["flipped/runs/fold-1/baseline-1-skips", file];
            byte[] whole = File.ReadAllBytes(path);
            for (int i = 0; i < 10; i++)
            {
                byte[] damaged = [.. whole];
                damaged[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, damaged);
                ReproductionOutcome now = study.Run();
                if (now.NotDone.Count == 0)
                    File.ReadAllText(cases).Should().Be(sound, $"flip {i} of {file} was not noticed");
                else
                    now.NotDone.Values.Single().Should().Contain(file);
            }

            File.WriteAllBytes(path, whole);
        }

        study.Run().Finished.Should().Be(outcome.Finished);
        File.ReadAllText(cases).Should().Be(sound);
    }

    public static TheoryData<string, Func<ReproductionOptions, ReproductionOptions>> Nonsense() => new()
    {
        { "Settings.Folds must be at least 2", options => options with { Settings = Small with { Folds = 1 } } },
        { "Seeds must name each seed once, but are 1, 2, 1", options => options with { Seeds = [1, 2, 1] } },
        { "Variants must be of", options => options with { Variants = ["hintn"] } },
        { "Modalities must be of t1, t2, flair, but are t1ce", options => options with { Modalities = ["t1ce"] } },
        { "Shard must be from 1 to Shards", options => options with { Shard = 3, Shards = 2 } },
        { "TakeOver must be above zero", options => options with { TakeOver = TimeSpan.Zero } },
        { "No run has a name like 'teahcer*'", options => options with { Only = ["teahcer*"] } },
        { "needs its teacher fold-1/teacher-1-skips, which is not done: choose it too", options => options with { Only = ["fold-1/kd-net-tuned-1-skips"] } },
        { "There are 3 cases, but a cross-validation with 2 folds needs at least 4", options => options with { Settings = Small with { PhantomCases = 3 } } },
        { "BaseWidth must be even", options => options with { Settings = Small with { BaseWidth = 3 } } },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void What_makes_no_sense_is_refused_by_name_before_anything_is_written(string message, Func<ReproductionOptions, ReproductionOptions> change)
    {
        Action open = () => ReproductionStudy.Open(_folder["nothing"], change(new ReproductionOptions { Settings = Small }));

        open.Should().Throw<ExperimentException>().Which.Message.Should().Contain(message).And.NotContain("--");
        Directory.Exists(_folder["nothing"]).Should().BeFalse();
    }

    private sealed record PlainNetOptions(IReadOnlyList<string> Modalities, int OutputChannels) : NetworkRecipe
    {
        public override IEncoderDecoder Build() => new ModuleAdapter(
            nn.Sequential(
                ("down", nn.Conv3d(Modalities.Count, 4, 4, stride: 4)),
                ("bottleneck", nn.ReLU()),
                ("up", nn.ConvTranspose3d(4, OutputChannels, 4, stride: 4))),
            Modalities,
            OutputChannels,
            bottleneck: "bottleneck",
            sizeMultiple: 4,
            recipe: this);
    }
}
