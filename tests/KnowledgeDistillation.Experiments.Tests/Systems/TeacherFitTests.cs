using FluentAssertions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Networks;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Systems;

public sealed class TeacherFitTests
{
    private static readonly ExperimentSettings Settings =
        ExperimentSettings.Paper with { CropEdge = 16, SubsamplingFactor = 1, BaseWidth = 4, Levels = 3 };

    [Theory]
    [InlineData(8, 3)]
    [InlineData(4, 2)]
    public void A_student_whose_bottleneck_is_of_another_width_than_its_teachers_is_refused_before_anything_is_trained(int width, int levels)
    {
        SegmentationSystem own = SegmentationSystems.KDNet with { Name = "own", Network = Network(width, levels) };

        own.Invoking(system => system.Validate(Settings, BraTSModality.T1ce, teachers: 1)).Should().Throw<ExperimentException>().WithMessage(
            "*same widths and levels, or compare their features through an adapter*'own' is its own: make it fit the teacher's*");
    }

    [Fact]
    public void A_student_that_fits_and_one_that_does_not_compare_bottlenecks_are_taken()
    {
        (SegmentationSystems.KDNet with { Network = Network(4, 3) }).Validate(Settings, BraTSModality.T1ce, teachers: 1);
        (SegmentationSystems.Of("hinton") with { Network = Network(8, 3) }).Validate(Settings, BraTSModality.T1ce, teachers: 2);
    }

    private static Func<ExperimentSettings, IReadOnlyList<string>, NetworkRecipe> Network(int width, int levels) => (settings, modalities) =>
        new UNet3DOptions { Modalities = modalities, OutputChannels = settings.Classes.Channels, BaseWidth = width, Levels = levels };
}
