using FluentAssertions;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

public sealed class ReproductionPlanTests
{
    [Fact]
    public void The_paper_has_its_two_tables_on_each_fold()
    {
        IReadOnlyList<PlannedRun> plan = Plan(ReproductionPresets.Paper);

        plan.Should().HaveCount(3 * 12);
        plan.Select(run => run.Row).Distinct().Should().Equal(
            "teacher-4-skips", "teacher-0-skips", "baseline-4-skips", "baseline-0-skips",
            "gt-kl-4-skips", "gt-kl-0-skips", "gt-kd-4-skips", "gt-kd-0-skips", "kd-net-4-skips", "kd-net-0-skips",
            "u-hved", "u-hemis");
        PlannedRun student = plan.Single(run => run.Id == "fold-2/kd-net-0-skips");
        (student.Title, student.Weighting, student.LabelWithWeights).Should().Be(("KD-Net", null, "KD-Net"));
        student.Objective.Should().Be("GT + KL + KD");
        student.Modality.Should().Be(BraTSModality.T1ce);
        student.Teacher.Should().Be("fold-2/teacher-0-skips");
        student.Settings.Should().Be(ReproductionPresets.Paper with { Fold = 2, SkipConnections = 0 });
        student.System.WeightsWith(student.Settings).Should().Be(new DistillationWeights(0.75, 5, 10));
        plan.Single(run => run.Id == "fold-3/u-hved").Settings.SkipConnections.Should().BeNull();
    }

    [Fact]
    public void The_paper_is_500_epochs_at_64_voxels_and_width_30()
    {
        ExperimentSettings settings = ReproductionPresets.Of("paper", phantoms: false);

        (settings.Training.Epochs, settings.BatchSize, settings.CropEdge / settings.SubsamplingFactor, settings.Folds, settings.PlateauPatience)
            .Should().Be((500, 1, 64, 3, 50));
        var network = (Networks.UNet3DOptions)Plan(settings)[0].System.Recipe(Plan(settings)[0].Settings, BraTSModality.T1ce);
        (network.BaseWidth, network.Levels, network.SkipConnections, network.Modalities.Count).Should().Be((30, 5, 4, 4));
        SegmentationSystems.Teacher.TrainingOptions(Plan(settings)[0].Settings).LearningRate.Should().Be(1e-4);
    }

    [Fact]
    public void Where_the_weights_are_not_the_papers_students_are_trained_with_both()
    {
        IReadOnlyList<PlannedRun> plan = Plan(ReproductionPresets.Quick with { Temperature = 2, Alpha = 0.1 });

        plan.Should().HaveCount(3 * 18);
        PlannedRun tuned = plan.Single(run => run.Id == "fold-1/kd-net-tuned-3-skips");
        PlannedRun literal = plan.Single(run => run.Id == "fold-1/kd-net-literal-3-skips");
        (tuned.Title, tuned.Weighting, tuned.LabelWithWeights).Should().Be(("KD-Net", "tuned", "KD-Net, tuned (λ 0.75, T 2, α 0.1)"));
        (literal.Title, literal.Weighting, literal.LabelWithWeights).Should().Be(("KD-Net", "literal", "KD-Net, literal (λ 0.75, T 5, α 10)"));
        tuned.Weights.Should().Be(new DistillationWeights(0.75, 2, 0.1));
        literal.Weights.Should().Be(new DistillationWeights(0.75, 5, 10));
        literal.Teacher.Should().Be(tuned.Teacher).And.Be("fold-1/teacher-3-skips");
        plan.Single(run => run.Row == "gt-kd-literal-0-skips" && run.Settings.Fold == 1).LabelWithWeights.Should().Be("GT + KD, literal (λ 0.75, T 5)");
        Plan(ReproductionPresets.Quick).Should().HaveCount(3 * 16, "its T is the paper's, so GT + KD has one row");
        Plan(ReproductionPresets.Quick with { Temperature = 5, Alpha = 10 }).Should().HaveCount(3 * 12);
    }

    [Fact]
    public void Variants_and_modalities_come_on_request_and_change_no_other_run()
    {
        IReadOnlyList<PlannedRun> usual = Plan(ReproductionPresets.Paper);
        IReadOnlyList<PlannedRun> more = new ReproductionPlan(
            // Other tests may have registered networks.
            ReproductionPresets.Paper, [.. ReproductionVariants.Names.Except(["plainnet"])], ReproductionVariants.Modalities).Runs();

        more.Select(run => run.Id).Should().OnlyHaveUniqueItems().And.Contain(usual.Select(run => run.Id));
        more.Where(run => run.Settings.Fold == 1).Select(run => run.Row).Except(usual.Select(run => run.Row)).Should().Equal(
            "multiresunet-teacher-4-skips", "multiresunet-baseline-4-skips", "multiresunet-kd-net-4-skips",
            "shared-levels-4-skips", "synthesis-4-skips", "hinton-4-skips", "generalized-4-skips", "structured-4-skips",
            "consistency-4-skips", "feature-matching-4-skips", "attention-4-skips", "disentangled", "protokd-4-skips", "pmkl-4-skips", "passion",
            "acn-4-skips", "smu-net-4-skips", "rfnet", "mmformer", "demoseg",
            "baseline-4-skips-t1", "kd-net-4-skips-t1", "baseline-4-skips-t2", "kd-net-4-skips-t2", "baseline-4-skips-flair", "kd-net-4-skips-flair");
        PlannedRun multiRes = more.Single(run => run.Id == "fold-1/multiresunet-kd-net-4-skips");
        multiRes.Teacher.Should().Be("fold-1/multiresunet-teacher-4-skips");
        multiRes.Title.Should().Be("KD-Net (MultiResUNet)");
        more.Single(run => run.Id == "fold-1/kd-net-4-skips-flair").Title.Should().Be("KD-Net on FLAIR");
        more.Should().OnlyContain(run => run.Teacher == null || more.Any(teacher => teacher.Id == run.Teacher && teacher.System.Name == "teacher"));
    }

    [Fact]
    public void Other_losses_have_the_weights_of_their_own_sources_also_where_the_students_are_others()
    {
        PlannedRun hinton = new ReproductionPlan(ReproductionPresets.Quick, ["hinton"], []).Runs().Single(run => run.Id == "fold-1/hinton-3-skips");
        hinton.System.WeightsWith(hinton.Settings).Should().Be(SegmentationSystems.Of("hinton").Weights);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_run_is_in_exactly_one_shard(int shards)
    {
        IReadOnlyList<PlannedRun> plan = Plan(ReproductionPresets.Quick);
        IReadOnlyList<PlannedRun>[] parts = [.. Enumerable.Range(1, shards).Select(shard => new PlanSelection([], shard, shards).OwnOf(plan))];

        parts.SelectMany(part => part).Should().BeEquivalentTo(plan);
        parts.Max(part => part.Count).Should().BeLessThanOrEqualTo(parts.Min(part => part.Count) + 1);
    }

    [Theory]
    [InlineData("*", 36)]
    [InlineData("fold-1/*", 12)]
    [InlineData("*/teacher-?-skips", 6)]
    [InlineData("fold-3/kd-net-4-skips", 1)]
    [InlineData("kd-net*", 6)]
    [InlineData("teacher-4-skips", 3)]
    [InlineData("seed-1/fold-2/*", 12)]
    public void Patterns_choose_by_name(string pattern, int count) =>
        new PlanSelection([pattern], 1, 1).Chosen(Plan(ReproductionPresets.Paper)).Should().HaveCount(count);

    private static IReadOnlyList<PlannedRun> Plan(ExperimentSettings settings) => new ReproductionPlan(settings, [], []).Runs();
}
