using FluentAssertions;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public class EncoderOutputTests
{
    [Fact]
    public void The_last_level_is_the_bottleneck()
    {
        using var scope = NewDisposeScope();
        Tensor[] levels = [rand([1, 2, 4]), rand([1, 4, 2])];
        var encoding = new EncoderOutput(levels);
        encoding.Levels.Should().Equal(levels);
        encoding.Bottleneck.Should().BeSameAs(levels[1]);
    }

    [Fact]
    public void An_encoding_without_levels_is_refused()
    {
        Func<object> make = () => new EncoderOutput();
        make.Should().Throw<ArgumentException>().WithMessage("An encoding needs at least one level, the bottleneck.*");
    }

    [Fact]
    public void A_user_may_carry_more_in_it()
    {
        using var scope = NewDisposeScope();
        var encoding = new Sampled(rand([1, 2, 4]), mean: rand([1, 2, 4]));
        new NetworkOutput(new TensorNetwork(rand([1, 2, 4]), encoding.Bottleneck), encoding, rand([1, 2, 4])).Encoding.Should().BeSameAs(encoding);
    }

    private sealed class Sampled(Tensor bottleneck, Tensor mean) : EncoderOutput(bottleneck)
    {
        public Tensor Mean { get; } = mean;
    }
}
