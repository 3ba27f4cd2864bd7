using FluentAssertions;
using KnowledgeDistillation.Losses;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class ReconstructionLossTests
{
    [Fact]
    public void Squared_and_absolute_differences_by_hand()
    {
        using var scope = NewDisposeScope();
        // t1: differences 1 and −3, mean square 5, mean size 2. flair: 0 and 2, mean square 2, mean size 1. The mean over the two modalities.
        var made = new ModalityImages(("t1", Image(1, 2)), ("flair", Image(4, 6)));
        var images = new ModalityImages(("flair", Image(4, 4)), ("t1", Image(0, 5)));
        new ReconstructionLoss().Compute(made, images).item<double>().Should().Be(3.5);
        new ReconstructionLoss(new() { Distance = ReconstructionDistance.Absolute }).Compute(made, images).item<double>().Should().Be(1.5);
    }

    [Fact]
    public void Modalities_that_only_one_side_has_are_left_out()
    {
        using var scope = NewDisposeScope();
        var made = new ModalityImages(("t1", Image(1, 2)), ("flair", Image(100, 100)));
        var images = new ModalityImages(("t1", Image(0, 5)), ("t2", Image(50, 50)));
        new ReconstructionLoss().Compute(made, images).item<double>().Should().Be(5);
        Func<object> nothing = () => new ReconstructionLoss().Compute(made.Only("flair"), images);
        nothing.Should().Throw<ArgumentException>().WithMessage("The network makes images of flair, but the batch holds only: t1, t2.*");
    }

    [Fact]
    public void The_gradient_reaches_the_student_through_its_encoding()
    {
        using var scope = NewDisposeScope();
        Tensor level = randn([2, 1, 3], ScalarType.Float64).requires_grad_(true);
        var output = new NetworkOutput(new EchoNetwork(), new EncoderOutput(level), zeros([2, 4, 3]));
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([2, 3], ScalarType.Int64), output);
        new ReconstructionLoss().Compute(context).backward();
        // The batch's image is 0, so the loss is the mean square of six values, and its gradient 2x/6.
        level.grad!.allclose(level.detach() / 3).Should().BeTrue();
    }

    [Fact]
    public void A_network_that_makes_no_images_and_images_of_another_size_are_refused()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 3], ScalarType.Int64), zeros([1, 4, 3]));
        Func<object> noImages = () => new ReconstructionLoss().Compute(context);
        noImages.Should().Throw<ArgumentException>()
            .WithMessage("The reconstruction loss needs a network that makes images (IReconstructingNetwork), but TensorNetwork makes none.*");
        Func<object> otherSize = () => new ReconstructionLoss().Compute(new ModalityImages(("t1", Image(1, 2))), new ModalityImages(("t1", Image(1, 2, 3))));
        otherSize.Should().Throw<ArgumentException>()
            .WithMessage("The image of t1 that the network made [1, 1, 2] and the image of the batch [1, 1, 3] must have the same shape.");
        Func<object> make = () => new ReconstructionLoss(new() { Distance = (ReconstructionDistance)9 });
        make.Should().Throw<ArgumentException>().WithMessage("ReconstructionOptions: Distance has no value 9.");
    }

    private static Tensor Image(params double[] values) => tensor(values).reshape(1, 1, values.Length);
}
