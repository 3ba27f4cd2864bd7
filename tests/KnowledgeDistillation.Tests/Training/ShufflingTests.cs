using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class ShufflingTests
{
    [Fact]
    public void Mixed_seeds_are_the_same_on_every_machine()
    {
        SeedMixer.Mix(0).Should().Be(0);
        SeedMixer.Mix(1).Should().Be(3119036373970289394);
        SeedMixer.Mix(-1).Should().Be(6514504133438201533);
        SeedMixer.Mix(1, 0).Should().Be(2599887295334773374);
        SeedMixer.Mix(42, 7, 3).Should().Be(8608274930646471855);
    }

    [Fact]
    public void A_mixed_seed_depends_on_every_part_and_on_their_order()
    {
        long[] seeds =
        [
            SeedMixer.Mix(1), SeedMixer.Mix(2), SeedMixer.Mix(-1), SeedMixer.Mix(0, 0), SeedMixer.Mix(0, 0, 0), SeedMixer.Mix(1, 0), SeedMixer.Mix(0, 1),
            SeedMixer.Mix(1, 2), SeedMixer.Mix(2, 1), SeedMixer.Mix(1, 2, 3), SeedMixer.Mix(1, 3, 2),
            SeedMixer.Mix(long.MinValue), SeedMixer.Mix(long.MaxValue),
        ];
        seeds.Should().OnlyHaveUniqueItems();
        seeds.Should().OnlyContain(seed => seed >= 0);
    }

    [Fact]
    public void A_flipped_bit_of_the_seed_or_of_a_part_flips_about_half_of_the_bits() =>
        Gen.Select(Gen.Long, Gen.Long, Gen.Int[0, 63]).Sample(
            (seed, part, bit) =>
            {
                long mixed = SeedMixer.Mix(seed, part);
                foreach (long other in new[] { SeedMixer.Mix(seed ^ (1L << bit), part), SeedMixer.Mix(seed, part ^ (1L << bit)) })
                    long.PopCount(mixed ^ other).Should().BeInRange(8, 56);
            },
            iter: 500);

    [Fact]
    public void A_shuffle_is_a_permutation_that_follows_from_the_seed() =>
        Gen.Select(Gen.Int[0, 40], Gen.Long).Sample((count, seed) =>
        {
            int[] items = [.. Enumerable.Range(0, count)];
            int[] again = [.. items];
            Shuffling.Shuffle<int>(items, seed);
            Shuffling.Shuffle<int>(again, seed);
            items.Should().Equal(again);
            items.Order().Should().Equal(Enumerable.Range(0, count));
        });

    [Fact]
    public void Every_order_of_three_is_about_equally_frequent()
    {
        var counts = new Dictionary<string, int>();
        for (long seed = 0; seed < 6000; seed++)
        {
            char[] items = ['a', 'b', 'c'];
            Shuffling.Shuffle<char>(items, seed);
            string order = new(items);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        counts.Should().HaveCount(6);
        // The standard deviation is 29.
        counts.Values.Should().OnlyContain(count => count > 850 && count < 1150);
    }
}
