using FluentAssertions;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class SliceBatchSourceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Slices_hold_every_voxel_of_the_volumes_along_any_axis(int axis)
    {
        using var scope = NewDisposeScope();
        using Batch volumes = Volumes();
        var source = new SliceBatchSource(new InMemoryBatchSource(volumes.Images, volumes.Labels, batchSize: 2), axis);
        source.BatchCount.Should().Be(2);
        Batch[] batches = [.. source.ReadEpoch(0)];
        batches.Select(batch => batch.Images.BatchSize)
            .Should().Equal([2 * volumes.Images.SpatialSize[axis], volumes.Images.SpatialSize[axis]], "the last batch has one volume");

        int depth = (int)volumes.Images.SpatialSize[axis];
        for (int number = 0; number < 3; number++)
        {
            for (int slice = 0; slice < depth; slice++)
            {
                Batch batch = batches[number / 2];
                int row = (number % 2 * depth) + slice;
                foreach (string name in volumes.Images.Names)
                    batch.Images[name][row].equal(volumes.Images[name][number].select(axis + 1, slice)).all().item<bool>().Should().BeTrue();
                batch.Labels[row].equal(volumes.Labels[number].select(axis, slice)).all().item<bool>().Should().BeTrue();
                batch.CaseIds[row].Should().Be($"case {number}, slice {slice}");
            }
        }

        // Stacked again, the slices are the volumes, bit by bit.
        Tensor back = batches[0].Images["a"].unflatten(0, 2, depth).movedim([1], [axis + 2]);
        back.equal(volumes.Images["a"].narrow(0, 0, 2)).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Slices_of_bytes_are_bytes_and_slices_of_known_volumes_are_known()
    {
        using var scope = NewDisposeScope();
        var volumes = new Batch(new ModalityImages(("a", rand([1, 1, 2, 3, 4]))), zeros([1, 2, 3, 4], ScalarType.Byte), ["case"], ["content"]);
        Batch[] slices = [.. new[] { 0, 1 }.Select(axis => new SliceBatchSource(new KeepingSource(volumes), axis).ReadEpoch(0).First())];
        slices[0].Labels.dtype.Should().Be(ScalarType.Byte);
        slices[0].ContentIds.Should().HaveCount(2);
        slices.SelectMany(batch => batch.ContentIds!).Should().OnlyHaveUniqueItems("a slice along another axis is another image");
    }

    [Fact]
    public void A_batch_of_slices_outlives_the_volumes_that_it_was_cut_from()
    {
        using Batch volumes = Volumes();
        var inner = new KeepingSource(volumes);
        Batch slices = new SliceBatchSource(inner).ReadEpoch(0).First();
        inner.Given!.Labels.IsInvalid.Should().BeTrue("the batch of volumes is disposed");
        volumes.Labels.zero_();
        slices.Labels.sum().item<long>().Should().BePositive("the slices have memory of their own");
        slices.Dispose();
    }

    [Fact]
    public void The_order_of_the_volumes_follows_from_the_epoch_and_every_slice_is_kept()
    {
        using Batch volumes = Volumes();
        var source = new SliceBatchSource(new InMemoryBatchSource(volumes.Images, volumes.Labels, batchSize: 1, shuffleSeed: 1));
        string[] Names(int epoch)
        {
            List<string> names = [];
            foreach (Batch batch in source.ReadEpoch(epoch))
            {
                using (batch)
                    names.AddRange(batch.CaseIds);
            }

            return [.. names];
        }

        Names(0).Should().Equal(Names(0)).And.HaveCount(3 * 4).And.OnlyHaveUniqueItems();
        Enumerable.Range(1, 5).Select(epoch => string.Join(' ', Names(epoch))).Distinct().Should().HaveCountGreaterThan(1);
    }

    [Fact]
    public void Reading_an_epoch_leaves_no_tensor_behind()
    {
        using Batch volumes = Volumes();
        var source = new SliceBatchSource(new InMemoryBatchSource(volumes.Images, volumes.Labels, batchSize: 2));
        Read(0);
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 3; i++)
                Read(i);
        }).Should().Be(0);

        void Read(int epoch)
        {
            foreach (Batch batch in source.ReadEpoch(epoch))
                batch.Dispose();
        }
    }

    [Fact]
    public void What_cannot_be_cut_is_refused()
    {
        using Batch volumes = Volumes();
        var source = new InMemoryBatchSource(volumes.Images, volumes.Labels);
        FluentActions.Invoking(() => new SliceBatchSource(source, axis: 3)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new SliceBatchSource(source, axis: -1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new SliceBatchSource(new SliceBatchSource(source)).ReadEpoch(0).First())
            .Should().Throw<ArgumentException>().WithMessage("Only volumes [N, C, D, H, W] can be cut into slices, but the spatial size of the batch is 6×2.");
    }

    private static Batch Volumes()
    {
        manual_seed(1);
        using var scope = NewDisposeScope();
        Tensor labels = randint(0, 2, [3, 4, 6, 2], ScalarType.Int64);
        return new Batch(
            new ModalityImages(("a", rand([3, 2, 4, 6, 2]).MoveToOuterDisposeScope()), ("b", rand([3, 1, 4, 6, 2]).MoveToOuterDisposeScope())),
            labels.MoveToOuterDisposeScope(),
            ["one", "two", "three"]);
    }

    private sealed class KeepingSource(Batch volumes) : IBatchSource
    {
        public Batch? Given { get; private set; }

        public int BatchCount => 1;

        public IEnumerable<Batch> ReadEpoch(int epoch)
        {
            // Views of the caller's memory, as a source that uses its arrays again would give.
            Given = new Batch(volumes.Images.Select(image => image.alias()), volumes.Labels.alias(), volumes.CaseIds, volumes.ContentIds);
            yield return Given;
        }
    }
}
