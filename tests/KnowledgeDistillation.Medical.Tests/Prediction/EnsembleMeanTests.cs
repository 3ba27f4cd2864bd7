using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class EnsembleMeanTests
{
    private static readonly VolumeGrid Grid = new(new VolumeSize(3, 1, 1), Affine.Identity);
    private static readonly ExclusiveClasses Labels = new("background", "lesion");

    [Fact]
    public void The_mean_of_the_probabilities_is_taken_and_not_that_of_the_classes()
    {
        EnsembleMean mean = new();
        // Two are slightly for background, one is certain of the lesion.
        mean.Add(Of(0.4f, 0, 1));
        mean.Add(Of(0.4f, 0, 1));
        mean.Add(Of(1, 0, 0.4f));

        mean.Mean().Channels[1].Should().Equal([0.6f, 0, 0.8f], (a, b) => Math.Abs(a - b) < 1e-6);
        mean.Mean().Classes().Should().Equal(1, 0, 1);
    }

    [Fact]
    public void The_spread_is_0_where_all_agree_however_uncertain_and_ln_2_where_they_contradict_each_other()
    {
        EnsembleMean mean = new(measureSpread: true);
        mean.Add(Of(0.5f, 0, 1));
        mean.Add(Of(0.5f, 0, 0));

        float[] spread = mean.Spread();
        spread[0].Should().BeApproximately(0, 1e-6f);
        spread[1].Should().Be(0);
        spread[2].Should().BeApproximately(MathF.Log(2), 1e-6f);
        mean.Mean().Entropy()[0].Should().BeApproximately(MathF.Log(2), 1e-6f);
    }

    [Fact]
    public void One_network_alone_is_left_as_it_is()
    {
        EnsembleMean mean = new(measureSpread: true);
        mean.Add(Of(0.3f, 0.1f, 0.7f));

        mean.Mean().Channels[1].Should().Equal(0.3f, 0.1f, 0.7f);
        mean.Spread().Should().AllBeEquivalentTo(0f);
    }

    [Fact]
    public void Other_grids_and_other_channels_are_refused()
    {
        EnsembleMean mean = new();
        mean.Add(Of(0, 0, 0));
        VolumeGrid shifted = new(Grid.Size, new Affine(1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0));

        FluentActions.Invoking(() => mean.Add(new ProbabilityVolume(Labels, shifted, [[1, 1, 1], [0, 0, 0]]))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => mean.Add(new ProbabilityVolume(new ExclusiveClasses("background", "organ"), Grid, [[1, 1, 1], [0, 0, 0]])))
            .Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EnsembleMean().Mean()).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => mean.Spread()).Should().Throw<InvalidOperationException>();
    }

    private static ProbabilityVolume Of(params float[] lesion) => new(Labels, Grid, [[.. lesion.Select(value => 1 - value)], [.. lesion]]);
}
