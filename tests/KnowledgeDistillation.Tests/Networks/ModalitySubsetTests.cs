using FluentAssertions;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class ModalitySubsetTests
{
    [Fact]
    public void Sizes_are_equally_likely_and_so_are_the_subsets_of_a_size()
    {
        const int draws = 4000;
        manual_seed(1);
        Dictionary<string, int> counts = Enumerable.Range(0, draws)
            .Select(_ => string.Join('+', ModalitySubset.Draw(HeteroModal.Modalities)))
            .CountBy(subset => subset)
            .ToDictionary();

        counts.Keys.Should().BeEquivalentTo(
            HeteroModal.Subsets(HeteroModal.Modalities).Select(subset => string.Join('+', subset)), "nothing else is drawn, and names keep their order");
        foreach ((string subset, int count) in counts)
        {
            int size = subset.Split('+').Length;
            double probability = 1.0 / 4 / (size switch { 1 or 3 => 4, 2 => 6, _ => 1 });
            double deviation = Math.Sqrt(draws * probability * (1 - probability));
            ((double)count).Should().BeApproximately(draws * probability, 5 * deviation, subset);
        }
    }

    [Fact]
    public void Draws_follow_from_the_seed()
    {
        string[] first = Draws(7);
        Draws(7).Should().Equal(first);
        Draws(8).Should().NotEqual(first);

        static string[] Draws(long seed)
        {
            manual_seed(seed);
            return [.. Enumerable.Range(0, 20).Select(_ => string.Join('+', ModalitySubset.Draw(HeteroModal.Modalities)))];
        }
    }

    [Fact]
    public void One_modality_is_always_drawn() => Enumerable.Range(0, 20).Should().OnlyContain(_ => ModalitySubset.Draw(new[] { "t1ce" }).Count == 1);

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var scope = NewDisposeScope();
        ModalitySubset.Draw(HeteroModal.Modalities);
        scope.DisposablesCount.Should().Be(0);
    }
}
