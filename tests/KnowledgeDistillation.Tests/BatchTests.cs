using FluentAssertions;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public class BatchTests
{
    [Fact]
    public void Disposing_it_disposes_its_tensors()
    {
        LiveTensors.LeftBy(() =>
        {
            Batch batch = Example();
            batch.Dispose();
            batch.Dispose();
        }).Should().Be(0);
    }

    [Fact]
    public void On_the_same_device_a_copy_shares_the_values_and_each_lives_its_own_life()
    {
        long left = LiveTensors.LeftBy(() =>
        {
            using Batch batch = Example();
            using (Batch moved = batch.To(CPU))
            {
                moved.Images.Names.Should().Equal("a", "b");
                moved.CaseIds.Should().Equal("first", "second");
                moved.Labels.fill_(3);
                batch.Labels.eq(3).all().item<bool>().Should().BeTrue("nothing is copied without need");
            }

            batch.Images["a"].sum().item<float>().Should().BePositive("the copy took only its own handles with it");
        });
        left.Should().BeLessThanOrEqualTo(3, "only the handles of this test's own sums and comparisons may be left");
    }

    [Fact]
    public void Labels_and_names_that_do_not_fit_the_images_are_refused()
    {
        using var scope = NewDisposeScope();
        var images = new ModalityImages(("a", rand([2, 1, 3, 4])));
        Refused(zeros([2, 3, 4], ScalarType.Int32), ["x", "y"], "Labels must be uint8 or int64, but are Int32.*");
        Refused(zeros([2, 3, 5], ScalarType.Int64), ["x", "y"], "Labels [2, 3, 5] do not fit images of batch size 2 and spatial size [3, 4].*");
        Refused(zeros([2, 1, 3, 4], ScalarType.Int64), ["x", "y"], "Labels [2, 1, 3, 4] do not fit images*");
        Refused(zeros([2, 3, 4], ScalarType.Int64), ["x"], "1 case names were given for 2 cases.*");

        void Refused(Tensor labels, string[] names, string message)
        {
            Func<object> make = () => new Batch(images, labels, names);
            make.Should().Throw<ArgumentException>().WithMessage(message);
        }
    }

    [Fact]
    public void Identities_go_along_to_a_device_and_there_must_be_one_for_each_case()
    {
        using var scope = NewDisposeScope();
        var images = new ModalityImages(("a", rand([2, 1, 3])));
        var batch = new Batch(images, zeros([2, 3], ScalarType.Byte), ["x", "y"], ["content of x", "content of y"]);
        batch.To(CPU).ContentIds.Should().Equal("content of x", "content of y");
        Example().ContentIds.Should().BeNull("nobody promised anything");
        ((Action)(() => _ = new Batch(images, zeros([2, 3], ScalarType.Byte), ["x", "y"], ["content of x"]))).Should().Throw<ArgumentException>()
            .WithMessage("1 content identities were given for 2 cases.*");
    }

    private static Batch Example() => new(
        new ModalityImages(("a", ones([2, 1, 3])), ("b", ones([2, 1, 3]))),
        zeros([2, 3], ScalarType.Int64),
        ["first", "second"]);
}
