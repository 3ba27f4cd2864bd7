using FluentAssertions;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public class ModalityImagesTests
{
    [Fact]
    public void Images_are_joined_in_the_order_of_the_names_asked_for()
    {
        using var scope = NewDisposeScope();
        (Tensor a, Tensor b) = (rand([2, 1, 3, 4]), rand([2, 2, 3, 4]));
        var images = new ModalityImages(("a", a), ("b", b));
        images.Concatenate(["b", "a"]).equal(cat([b, a], 1)).all().item<bool>().Should().BeTrue();
        images.Names.Should().Equal("a", "b");
        (images.BatchSize, images.Contains("b"), images.Contains("B")).Should().Be((2, true, false));
        images.SpatialSize.Should().Equal(3, 4);
        images["b"].Should().BeSameAs(b);
        images.Only("b").Names.Should().Equal("b");
        images.Select(image => image + 1)["a"].equal(a + 1).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void A_single_image_comes_as_a_handle_of_its_own()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand([1, 1, 3]);
        var images = new ModalityImages(("a", a));
        images.Concatenate(["a"]).Dispose();
        a.IsInvalid.Should().BeFalse("the image belongs to whoever made it");
    }

    [Fact]
    public void A_missing_modality_is_named_with_those_at_hand()
    {
        using var scope = NewDisposeScope();
        var images = new ModalityImages(("t1", rand([1, 1, 3])), ("t2", rand([1, 1, 3])));
        foreach (Action ask in new Action[] { () => _ = images["flair"], () => images.Only("t1", "flair"), () => images.Concatenate(["t1", "flair"]) })
            ask.Should().Throw<ArgumentException>().WithMessage("The modality 'flair' is missing; there are: t1, t2.*");
        images.Invoking(it => it.Concatenate([])).Should().Throw<ArgumentException>().WithMessage("At least one modality is needed.*");
    }

    [Fact]
    public void Images_that_do_not_fit_together_are_refused()
    {
        using var scope = NewDisposeScope();
        Refused("At least one image is needed.*");
        Refused("The modality 'a' was given twice.*", ("a", rand([1, 1, 3])), ("a", rand([1, 1, 3])));
        Refused("*'a' [1, 1, 3] and 'b' [2, 1, 3] differ in batch size or spatial size.", ("a", rand([1, 1, 3])), ("b", rand([2, 1, 3])));
        Refused("*'a' [1, 1, 3] and 'b' [1, 1, 4] differ in batch size or spatial size.", ("a", rand([1, 1, 3])), ("b", rand([1, 1, 4])));
        Refused("*'a' [1, 1, 3] and 'b' [1, 1, 3, 1] differ in batch size or spatial size.", ("a", rand([1, 1, 3])), ("b", rand([1, 1, 3, 1])));
        Refused(
            "*'a' (Float32, cpu) and 'b' (Float64, cpu) differ in element type or device.", ("a", rand([1, 1, 3])), ("b", rand([1, 1, 3], ScalarType.Float64)));
        Refused("The image 'a' has the shape [1, 3]; [N, C, spatial...] with at least one spatial dimension is needed.", ("a", rand([1, 3])));
        Refused("A modality needs a name and an image, but the name is 'a' and the image absent.*", ("a", null!));
        Refused("A modality needs a name and an image, but the name is ' ' and the image there.*", (" ", rand([1, 1, 3])));

        static void Refused(string message, params (string, Tensor)[] images)
        {
            Func<object> make = () => new ModalityImages(images);
            make.Should().Throw<ArgumentException>().WithMessage(message);
        }
    }
}
