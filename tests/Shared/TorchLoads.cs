using FluentAssertions;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>Compiled into each test project: shows that its output folder holds a torch that this machine can load.</summary>
public sealed class TorchLoads
{
    [Fact]
    public void Torch_computes_in_this_test_project()
    {
        using torch.Tensor sum = torch.ones(2, 3).sum();
        sum.item<float>().Should().Be(6);
    }

    [Fact]
    public void Torch_computes_on_one_thread()
    {
        torch.get_num_threads().Should().Be(1);
    }
}
