using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class InMemoryBatchSourceTests
{
    [Fact]
    public void Each_case_comes_once_an_epoch_with_its_own_images_labels_and_name() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 4], Gen.Long, Gen.Int[0, 5]).Sample(
            (cases, batchSize, seed, epoch) =>
            {
                using var scope = NewDisposeScope();
                Tensor numbers = arange(cases, ScalarType.Float32).reshape(cases, 1, 1, 1, 1).expand(cases, 1, 2, 2, 2).contiguous();
                var source =
                    new InMemoryBatchSource(new ModalityImages(("a", numbers), ("b", numbers + 100)), numbers.squeeze(1).to(ScalarType.Int64), batchSize, seed);
                List<string> seen = [];
                int batches = 0;
                foreach (Batch batch in source.ReadEpoch(epoch))
                {
                    batches++;
                    for (int i = 0; i < batch.CaseIds.Count; i++)
                    {
                        float number = batch.Images["a"][i, 0, 0, 0, 0].item<float>();
                        batch.Images["b"][i, 0, 1, 1, 1].item<float>().Should().Be(number + 100);
                        batch.Labels[i, 1, 0, 1].item<long>().Should().Be((long)number);
                        batch.CaseIds[i].Should().Be($"case {(int)number}");
                        seen.Add(batch.CaseIds[i]);
                    }
                }

                batches.Should().Be(source.BatchCount);
                seen.Order().Should().Equal(Enumerable.Range(0, cases).Select(number => $"case {number}").Order());
            },
            iter: 30);

    [Fact]
    public void The_order_follows_from_seed_and_epoch_and_is_the_same_on_every_machine()
    {
        Order(seed: 1, epoch: 0).Should().Equal(0, 7, 5, 1, 3, 4, 6, 2);
        Order(seed: 1, epoch: 1).Should().Equal(7, 5, 6, 0, 1, 4, 3, 2);
        Order(seed: 2, epoch: 0).Should().Equal(6, 4, 0, 1, 7, 2, 5, 3);
        Order(seed: 1, epoch: 0).Should().Equal(Order(seed: 1, epoch: 0));
        Order(seed: null, epoch: 3).Should().Equal(0, 1, 2, 3, 4, 5, 6, 7);
    }

    [Fact]
    public void The_batches_may_be_disposed_without_harm_to_the_cases()
    {
        using Batch spheres = Toy.Spheres(cases: 2);
        InMemoryBatchSource source = Toy.Source(spheres, batchSize: 1);
        foreach (Batch batch in source.ReadEpoch(0))
            batch.Dispose();
        source.ReadEpoch(1).Should().HaveCount(2);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using Batch spheres = Toy.Spheres(cases: 2);
        using Tensor labels = zeros([3, 8, 8, 8], ScalarType.Int64);
        FluentActions.Invoking(() => new InMemoryBatchSource(spheres.Images, labels)).Should().Throw<ArgumentException>().WithMessage("*3 cases*2*");
        FluentActions.Invoking(() => new InMemoryBatchSource(spheres.Images, spheres.Labels, batchSize: 0)).Should().Throw<ArgumentOutOfRangeException>();
    }

    private static int[] Order(long? seed, int epoch)
    {
        using Batch spheres = Toy.Spheres(cases: 8, size: 2);
        List<int> order = [];
        foreach (Batch batch in new InMemoryBatchSource(spheres.Images, spheres.Labels, batchSize: 3, seed).ReadEpoch(epoch))
        {
            using (batch)
                order.AddRange(batch.CaseIds.Select(name => int.Parse(name.AsSpan("case ".Length), System.Globalization.CultureInfo.InvariantCulture)));
        }

        return [.. order];
    }
}
