using FluentAssertions;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>The examples of docs/installation.md.</summary>
public class InstallationExamples
{
    [Fact]
    public void A_machine_without_a_graphics_card_says_so()
    {
        Assert.SkipWhen(torch.cuda.is_available(), "This machine has a graphics card that torch can use.");
        var check = () =>
        {
            TorchRuntime.EnsureAvailable();                    // the CPU
            TorchRuntime.EnsureAvailable(DeviceType.CUDA);     // a GPU
        };

        check.Should().Throw<TorchBackendException>().Which.Problem.Should().Be(TorchBackendProblem.DeviceUnavailable);
    }

    [Fact]
    public void A_folder_of_an_installed_torch_that_comes_too_late_or_is_absent_is_refused()
    {
        var choose = () =>
        {
            TorchRuntime.UseLibTorch("/opt/venv/lib/python3.12/site-packages/torch");
        };

        choose.Should().Throw<TorchBackendException>();
    }
}
