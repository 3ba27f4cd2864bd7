using FluentAssertions;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class ModuleAdapterTests
{
    [Fact]
    public void The_output_of_the_named_sub_module_is_the_bottleneck()
    {
        using var scope = NewDisposeScope();
        var module = Module();
        using var network = new ModuleAdapter(module, ["a", "b"], outputChannels: 3, bottleneck: "bottom", sizeMultiple: 2);
        (Tensor a, Tensor b) = (rand([1, 1, 4, 6]), rand([1, 1, 4, 6]));
        NetworkOutput output = NetworkOutput.Of(network, new ModalityImages(("b", b), ("a", a)));

        Tensor input = cat([a, b], 1);
        output.Logits.equal(module.forward(input)).all().item<bool>().Should().BeTrue();
        Tensor expected = nn.functional.conv2d(nn.functional.conv2d(input, Weight("top"), Bias("top")), Weight("bottom"), Bias("bottom"));
        output.Encoding.Levels.Should().ContainSingle();
        output.Encoding.Bottleneck.allclose(expected, atol: 1e-6).Should().BeTrue();
        network.Module.Should().BeSameAs(module);
        (network.OutputChannels, network.SizeMultiple).Should().Be((3, 2));
        network.Modalities.Should().Equal("a", "b");

        Tensor Weight(string name) => module.get_parameter($"{name}.weight")!;
        Tensor Bias(string name) => module.get_parameter($"{name}.bias")!;
    }

    [Fact]
    public void The_gradient_flows_through_the_bottleneck()
    {
        using var scope = NewDisposeScope();
        var module = Module();
        using var network = new ModuleAdapter(module, ["a", "b"], 3, "bottom");
        network.Encode(Images()).Bottleneck.sum().backward();
        module.get_parameter("top.weight")!.grad!.abs().sum().item<float>().Should().BePositive();
        ReferenceEquals(module.get_parameter("head.weight")!.grad, null).Should().BeTrue("the head comes after the bottleneck");
    }

    [Fact]
    public void A_nested_sub_module_is_found_by_its_path()
    {
        using var scope = NewDisposeScope();
        using var network = new ModuleAdapter(nn.Sequential(("net", Module()), ("last", nn.Identity())), ["a", "b"], 3, "net.bottom");
        network.Encode(Images()).Bottleneck.shape.Should().Equal(1, 5, 4, 6);
    }

    [Fact]
    public void A_sub_module_that_is_not_there_is_refused_and_those_that_are_named()
    {
        using nn.Module<Tensor, Tensor> module = Module();
        Func<object> wrap = () => new ModuleAdapter(module, ["a", "b"], 3, "middle");
        wrap.Should().Throw<ArgumentException>().WithMessage("*no sub-module 'middle' that maps one tensor to one; it has: *top, bottom, head*");
        Func<object> withoutModality = () => new ModuleAdapter(module, [], 3, "bottom");
        withoutModality.Should().Throw<ArgumentException>().WithMessage("At least one modality is needed.*");
    }

    [Fact]
    public void A_sub_module_that_is_run_by_forward_is_noticed()
    {
        using var scope = NewDisposeScope();
        using var network = new ModuleAdapter(new ForwardOnly(), ["a"], 1, "inner");
        Action encode = () => network.Encode(new ModalityImages(("a", rand([1, 1, 2]))));
        encode.Should().Throw<InvalidOperationException>()
            .WithMessage("The sub-module 'inner' did not run, or was run by forward instead of call, so there is no bottleneck.");
    }

    [Fact]
    public void An_encoding_of_another_network_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new ModuleAdapter(Module(), ["a", "b"], 3, "bottom");
        Action decode = () => network.Decode(new EncoderOutput(rand([1, 5, 4, 6])));
        decode.Should().Throw<ArgumentException>().WithMessage("This encoding comes from another network.*");
    }

    [Fact]
    public void Steps_within_dispose_scopes_leave_no_tensor_behind()
    {
        using var network = new ModuleAdapter(Module(), ["a", "b"], 3, "bottom");
        Step();
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 3; i++)
                Step();
        }).Should().Be(0);

        void Step()
        {
            using (NewDisposeScope())
            {
                NetworkOutput.Of(network, Images()).Logits.sum().backward();
                network.Module.zero_grad();
            }
        }
    }

    [Fact]
    public void Two_encodings_of_one_adapter_do_not_mix()
    {
        using var scope = NewDisposeScope();
        using var network = new ModuleAdapter(Module(), ["a", "b"], 3, "bottom");
        EncoderOutput first = network.Encode(Images());
        Tensor bottleneck = first.Bottleneck.clone();
        Tensor logits = network.Decode(first).clone();
        network.Encode(Images());
        first.Bottleneck.equal(bottleneck).all().item<bool>().Should().BeTrue();
        network.Decode(first).equal(logits).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Named_sub_modules_are_the_levels_shallow_to_deep()
    {
        using var scope = NewDisposeScope();
        var module = nn.Sequential(("net", Module()), ("last", nn.Identity()));
        using var network = new ModuleAdapter(module, ["a", "b"], 3, "net.bottom", levels: ["net.top"]);
        EncoderOutput encoding = network.Encode(Images());
        encoding.Levels.Select(level => level.shape[1]).Should().Equal(4, 5);
        encoding.Levels[0].sum().backward();
        module.get_parameter("net.top.weight")!.grad!.abs().sum().item<float>().Should().BePositive();
        encoding.Detach().Levels.Should().OnlyContain(level => !level.requires_grad);
        network.Decode(encoding.Detach()).requires_grad.Should().BeFalse();

        Func<object> twice = () => new ModuleAdapter(module, ["a", "b"], 3, "net.bottom", levels: ["net.top", "net.bottom"]);
        twice.Should().Throw<ArgumentException>()
            .WithMessage("Each sub-module can be one level only, but the levels are net.top, net.bottom, net.bottom, the last being the bottleneck.*");
        Func<object> absent = () => new ModuleAdapter(module, ["a", "b"], 3, "net.bottom", levels: ["top", "middle"]);
        absent.Should().Throw<ArgumentException>().WithMessage("*no sub-module 'top', 'middle' that maps one tensor to one; it has: *net.top*")
            .And.ParamName.Should().Be("levels");
    }

    [Fact]
    public void An_activation_that_works_in_place_does_not_change_the_bottleneck_before_it()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var network = new ModuleAdapter(nn
            .Sequential(("top", nn.Conv2d(2, 4, 1)), ("relu", nn.ReLU(inplace: true)), ("head", nn.Conv2d(4, 3, 1))), ["a", "b"], 3, "top");
        EncoderOutput encoding = network.Encode(Images());
        encoding.Bottleneck.min().item<float>().Should().BeNegative();
        (encoding.Bottleneck.sum() + network.Decode(encoding).sum()).backward();
        network.Module.get_parameter("top.weight")!.grad!.abs().sum().item<float>().Should().BePositive();
    }

    [Fact]
    public void A_sub_module_that_runs_more_than_once_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new ModuleAdapter(new Repeating(), ["a"], 1, "inner");
        Action encode = () => network.Encode(new ModalityImages(("a", rand([1, 1, 2]))));
        encode.Should().Throw<InvalidOperationException>().WithMessage("The sub-module 'inner' runs more than once in a pass*Identity*");
        encode.Should().Throw<InvalidOperationException>("a failed pass leaves nothing behind").WithMessage("*more than once*");

        using var last = new ModuleAdapter(new Repeating(), ["a"], 1, "last");
        last.Encode(new ModalityImages(("a", rand([1, 1, 2])))).Levels.Should().ContainSingle();
    }

    [Fact]
    public void Two_adapters_of_one_module_do_not_disturb_each_other_and_a_disposed_one_hooks_nothing()
    {
        using var scope = NewDisposeScope();
        var module = Module();
        using var first = new ModuleAdapter(module, ["a", "b"], 3, "bottom");
        var second = new ModuleAdapter(module, ["a", "b"], 3, "top");
        EncoderOutput encoding = first.Encode(Images());
        second.Encode(Images()).Bottleneck.shape[1].Should().Be(4);
        encoding.Bottleneck.shape[1].Should().Be(5);
        module.call(rand([1, 2, 4, 6])).shape[1].Should().Be(3, "the user may run the module too");
        second.Dispose();
        second.Dispose();
    }

    private static ModalityImages Images() => new(("a", rand([1, 1, 4, 6])), ("b", rand([1, 1, 4, 6])));

    private static TorchSharp.Modules.Sequential Module() =>
        nn.Sequential(("top", nn.Conv2d(2, 4, 1)), ("bottom", nn.Conv2d(4, 5, 1)), ("head", nn.Conv2d(5, 3, 1)));

    private sealed class Repeating : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> inner = nn.Identity();
        private readonly nn.Module<Tensor, Tensor> last = nn.Identity();

        public Repeating()
            : base(nameof(Repeating)) => RegisterComponents();

        public override Tensor forward(Tensor input) => last.call(inner.call(inner.call(input)));
    }

    private sealed class ForwardOnly : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> inner = nn.Identity();

        public ForwardOnly()
            : base(nameof(ForwardOnly)) => RegisterComponents();

        public override Tensor forward(Tensor input) => inner.forward(input);
    }
}
