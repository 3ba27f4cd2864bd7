using FluentAssertions;
using KnowledgeDistillation.Experiments.Pairs;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Tests.Systems;

public sealed class TrainingOptionsOfSystemsTests
{
    [Fact]
    public void The_papers_protocol_keeps_the_loss_and_all_else_the_best_masks()
    {
        SegmentationSystems.KDNet.TrainingOptions(ExperimentSettings.Paper).BestEpoch.Should().Be(BestEpochRule.Loss);
        foreach (ExperimentSettings settings in new[] { new ExperimentSettings(), ReproductionPresets.Quick, PairedStudyOptions.DefaultSettings })
        {
            TrainingOptions options = SegmentationSystems.KDNet.TrainingOptions(settings);
            options.BestEpoch.Should().Be(BestEpochRule.Dice);
            options.DiceRegions.Should().Equal(BraTSRegions.All);
        }
    }

    [Fact]
    public void A_fixed_decay_takes_the_place_of_the_plateau_and_not_of_a_schedule_of_the_users_own()
    {
        ExperimentSettings settings = ReproductionPresets.Quick with { Decay = LearningRateDecay.Fixed };
        SegmentationSystems.Baseline.TrainingOptions(ReproductionPresets.Quick).Schedule.Should().Be(new PlateauSchedule { Patience = 15 });
        SegmentationSystems.Baseline.TrainingOptions(settings).Schedule.Should().Be(new FixedDecaySchedule { AfterEpochs = 75 });
        ExperimentSettings own = settings with { Training = settings.Training with { Schedule = new ConstantSchedule() } };
        SegmentationSystems.Baseline.TrainingOptions(own).Schedule.Should().Be(new ConstantSchedule());
    }

    public static TheoryData<string> All => [.. SegmentationSystems.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void The_dice_of_soft_targets_is_in_the_objective_of_those_that_have_it_and_refused_by_others(string name)
    {
        SegmentationSystem system = SegmentationSystems.Of(name);
        ExperimentSettings squared = ExperimentSettings.Paper with { SoftTargetDice = DiceForm.Squared };
        // GT + KL has the soft targets with a weight of 0.
        if (name == "gt-kl" || Text(squared) == Text(ExperimentSettings.Paper))
        {
            FluentActions.Invoking(() => system.RefuseOtherWeights(squared)).Should().Throw<ExperimentException>().WithMessage($"*'{name}'*SoftTargetDice*");
            return;
        }

        new[] { "kd-net", "gt-kd", "shared-levels" }.Should().Contain(name);
        Text(squared).Should().Contain("Squared");
        system.RefuseOtherWeights(squared);

        string Text(ExperimentSettings settings)
        {
            var inputs = ObjectiveInputs.Of(system, settings, BraTSModality.T1ce, system.NeedsTeacher ? 1 : 0, CPU);
            return string.Concat(system.Stages.Select(stage =>
            {
                using WeightedObjective objective = stage.Objective(inputs);
                return objective.ToString();
            }));
        }
    }
}
