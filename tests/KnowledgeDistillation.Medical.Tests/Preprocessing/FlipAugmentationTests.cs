using FluentAssertions;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class FlipAugmentationTests
{
    [Theory]
    [InlineData(0, 0, "Brats18_2013_2_1", false, false, false)]
    [InlineData(0, 1, "Brats18_2013_2_1", true, false, false)]
    [InlineData(0, 2, "Brats18_2013_2_1", true, true, true)]
    [InlineData(0, 3, "Brats18_2013_2_1", false, true, false)]
    [InlineData(0, 0, "Brats18_2013_4_1", false, false, false)]
    [InlineData(-1, 0, "Brats18_2013_4_1", false, false, false)]
    [InlineData(42, 499, "Größe", true, false, true)]
    public void Flips_stay_the_same_between_versions_and_platforms(long seed, int epoch, string id, bool x, bool y, bool z) =>
        FlipAugmentation.Draw(seed, epoch, id).Should().Be(new Flips(x, y, z));

    [Fact]
    public void Each_of_the_eight_combinations_is_equally_likely()
    {
        var counts = Enumerable.Range(0, 8000).Select(epoch => FlipAugmentation.Draw(3, epoch, "case")).CountBy(flips => flips).ToDictionary();
        counts.Should().HaveCount(8);
        counts.Values.Should().OnlyContain(count => count > 850 && count < 1150);
    }

    [Fact]
    public void Seed_epoch_and_case_all_matter()
    {
        Flips[] Sequence(Func<int, Flips> draw) => [.. Enumerable.Range(0, 32).Select(draw)];
        Flips[] byEpoch = Sequence(i => FlipAugmentation.Draw(0, i, "a"));
        byEpoch.Should().NotEqual(Sequence(i => FlipAugmentation.Draw(1, i, "a")));
        byEpoch.Should().NotEqual(Sequence(i => FlipAugmentation.Draw(0, i, "b")));
        byEpoch.Should().NotEqual(Sequence(i => FlipAugmentation.Draw(i, 0, "a")));
    }

    [Fact]
    public void Axes_are_reversed()
    {
        int[] source = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        VolumeSize size = new(3, 2, 2);
        int[] Flipped(bool x, bool y, bool z)
        {
            int[] target = new int[12];
            new Flips(x, y, z).Apply(source, target, size);
            return target;
        }

        Flipped(false, false, false).Should().Equal(source);
        Flipped(true, false, false).Should().Equal(3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10);
        Flipped(false, true, false).Should().Equal(4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9);
        Flipped(false, false, true).Should().Equal(7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6);
        Flipped(true, true, true).Should().Equal(source.Reverse());
    }

    [Fact]
    public void Wrong_length_is_refused()
    {
        Action apply = () => default(Flips).Apply<int>(new int[3], new int[4], new VolumeSize(2, 2, 1));
        apply.Should().Throw<ArgumentException>().WithMessage("*2×2×1 needs 4 voxels, but the source has 3*");
    }
}
