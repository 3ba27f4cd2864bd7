using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Storage;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Tests.Systems;

/// <summary>Systems in which a teacher learns with the student; what holds for every system is in <see cref="SystemTests"/>.</summary>
public sealed class CoTrainingSystemTests(SystemFixture fixture) : IClassFixture<SystemFixture>
{
    [Theory]
    [InlineData("acn")]
    [InlineData("smu-net")]
    public void They_need_all_modalities_to_learn_and_one_to_segment_and_no_trained_teacher(string name)
    {
        SegmentationSystem system = SegmentationSystems.Of(name);
        system.TrainingModalities(ExperimentSettings.Paper, BraTSModality.Flair).Should().BeEquivalentTo(ExperimentSettings.Paper.Modalities);
        system.Modalities(ExperimentSettings.Paper, BraTSModality.Flair).Should().Equal(BraTSModality.Flair);
        (system.NeedsTeacher, system.IsTaught, system.Table, system.WeightDecay).Should().Be((false, true, PaperTable.None, 1e-5));
        system.Published!.Data.Should().Be("BraTS 2018");
        ObjectiveInputs inputs = ObjectiveInputs.Of(system, ExperimentSettings.Paper, BraTSModality.T1ce, teachers: 0, CPU);
        using WeightedObjective ours = system.Stages[0].Objective(inputs);
        ours.Terms.Select(term => term.Name).Take(2).Should().Equal("GT", "GT of the teacher");
        using WeightedObjective published = system.Stages[0].Objective(inputs with { ReferenceLoss = ReferenceChoice.Paper });
        published.Terms.Select(term => term.Name).Take(2).Should().Equal("Dice", "Dice of the teacher");
    }

    [Theory]
    [InlineData("acn")]
    [InlineData("smu-net")]
    public void The_teacher_is_saved_as_a_trained_teacher_is_and_begins_with_its_weights(string name)
    {
        TrainingResult together = fixture.TrainedOnPhantoms(name, NetworkNames.UNet);
        TrainingResult alone = fixture.TrainedOnPhantoms(SegmentationSystems.Teacher.Name, NetworkNames.UNet);
        using SegmentationModel taught = SegmentationModel.Load(new TrainingRun(Path.GetDirectoryName(together.LastCheckpoint)!).TeacherFolder);
        using SegmentationModel teacher = SegmentationModel.Load(alone.LastCheckpoint!);

        taught.Metadata.Should().BeEquivalentTo(teacher.Metadata);
        JsonSerializer.Serialize<object>(taught.Network.Recipe!).Should().Be(JsonSerializer.Serialize<object>(teacher.Network.Recipe!));
        double Distance(Func<IEnumerable<Tensor>> of, Func<IEnumerable<Tensor>> from)
        {
            using var scope = NewDisposeScope();
            return of().Zip(from(), (one, other) => (one - other).abs().max().item<float>()).Max();
        }

        // Adam moves a weight by at most its learning rate, 1e-4, in each of two steps.
        Distance(() => taught.Network.Module.parameters(), () => teacher.Network.Module.parameters()).Should().BeInRange(1e-7, 1e-3);
    }

    [Theory]
    [InlineData(NetworkNames.UNet)]
    [InlineData("MultiResUNet")]
    [InlineData("UNet2D")]
    public void The_widths_of_an_encoder_are_those_of_its_features_and_looking_at_them_draws_no_random_numbers(string kind)
    {
        using IEncoderDecoder network = SystemFixture.Small(kind).Recipe(["t1ce"], 4).Build();
        ObjectiveInputs inputs = SystemFixture.Inputs(SegmentationSystems.Of("acn"), kind, BraTSModality.T1ce).For(network, []);
        manual_seed(1);
        IReadOnlyList<int> widths = inputs.EncoderWidths;
        using Tensor after = rand(3);
        manual_seed(1);
        using Tensor expected = rand(3);

        after.data<float>().Should().Equal(expected.data<float>());
        network.Module.training.Should().BeTrue();
        widths.Should().HaveCount(3);
        if (kind != "MultiResUNet")
            widths.Should().Equal(4, 8, 16);
    }

    [Fact]
    public void A_system_with_a_trained_teacher_and_one_that_learns_is_refused()
    {
        SegmentationSystem both = SegmentationSystems.Of("acn") with { Name = "both", NeedsTeacher = true };
        FluentActions.Invoking(() => both.Validate(SystemFixture.Small(NetworkNames.UNet), BraTSModality.T1ce, teachers: 1))
            .Should().Throw<ExperimentException>().WithMessage("The system 'both' needs a trained teacher and has one that learns*");
    }
}
