using System.Text;
using FluentAssertions;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Tests.Native;

public sealed class TorchRuntimeTests
{
    [Fact]
    public void Torch_is_available_where_the_application_brings_a_libtorch()
    {
        Action check = () => TorchRuntime.EnsureAvailable();

        check.Should().NotThrow();
        check.Should().NotThrow();
    }

    [Fact]
    public void Without_a_GPU_asking_for_CUDA_is_refused_with_the_ways_out()
    {
        TorchRuntime.EnsureAvailable();
        Assert.SkipWhen(torch.cuda.is_available(), "This machine has a GPU.");

        Action check = () => TorchRuntime.EnsureAvailable(DeviceType.CUDA);

        TorchBackendException exception = check.Should().Throw<TorchBackendException>().Which;
        exception.Problem.Should().Be(TorchBackendProblem.DeviceUnavailable);
        exception.Message.Should().StartWith("CUDA was asked for").And.Contain("use the CPU");
    }

    [Fact]
    public void A_device_that_libtorch_does_not_know_here_is_refused_by_name()
    {
        Action check = () => TorchRuntime.EnsureAvailable(DeviceType.XLA);

        check.Should().Throw<TorchBackendException>().WithMessage("The device XLA was asked for*")
            .Which.Problem.Should().Be(TorchBackendProblem.DeviceUnavailable);
    }

    [Fact]
    public void A_libtorch_cannot_be_chosen_after_another_was_loaded()
    {
        TorchRuntime.EnsureAvailable();

        Action choose = () => TorchRuntime.UseLibTorch(Path.GetTempPath());

        choose.Should().Throw<TorchBackendException>().WithMessage("*loaded already*before anything else*")
            .Which.Problem.Should().Be(TorchBackendProblem.LibTorchAlreadyChosen);
    }

    [Fact]
    public void An_application_without_libtorch_is_told_which_package_to_reference_and_nothing_is_copied()
    {
        using var probe = new TorchProbe();
        string[] before = Directory.GetFileSystemEntries(probe.Folder);

        string output = probe.Run();

        output.Should().StartWith("LibTorchMissing: ").And.Contain("TorchSharp-cpu").And.Contain("UseLibTorch").And.NotContain("LoadNativeBackend");
        Directory.GetFileSystemEntries(probe.Folder).Should().BeEquivalentTo(before);
    }

    [Fact]
    public void A_libtorch_from_elsewhere_computes()
    {
        using var probe = new TorchProbe();

        probe.Run(AppContext.BaseDirectory).Should().Be("sum 6");
    }

    [Fact]
    public void The_folder_of_a_Python_package_is_enough()
    {
        using var probe = new TorchProbe();
        string package = Path.Combine(probe.Folder, "torch");
        Directory.CreateDirectory(package);
        Directory.CreateSymbolicLink(Path.Combine(package, "lib"), AppContext.BaseDirectory);

        probe.Run(package).Should().Be("sum 6");
    }

    [Fact]
    public void A_folder_without_libtorch_is_refused_by_name()
    {
        using var probe = new TorchProbe();
        string empty = Path.Combine(probe.Folder, "empty");
        Directory.CreateDirectory(empty);

        probe.Run(empty).Should().StartWith("LibTorchMissing: There is no ").And.Contain(empty).And.Contain("torch.__path__");
    }

    [Fact]
    public void An_application_with_a_libtorch_of_its_own_cannot_use_another()
    {
        SkipUnlessLinux();
        using var probe = new TorchProbe();
        probe.AddLibTorch();

        probe.Run(AppContext.BaseDirectory).Should().StartWith("LibTorchAlreadyChosen: ").And.Contain("brings its own");
    }

    [Fact]
    public void A_damaged_libtorch_is_reported_in_the_loaders_words()
    {
        SkipUnlessLinux();
        using var probe = new TorchProbe();
        probe.AddLibTorch();
        string damaged = Path.Combine(probe.Folder, "libtorch_cpu.so");
        File.Delete(damaged);
        File.WriteAllText(damaged, "this is no library, though it is long enough to hold the header of one");

        probe.Run().Should().StartWith("LoadFailed: ").And.Contain($"{damaged}: invalid ELF header").And.NotContain("No such file");
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.29", "GLIBCXX_3.4.99", "LibstdcxxTooOld: ", "LD_LIBRARY_PATH")]
    [InlineData("GLIBC_2.34", "GLIBC_2.99", "GlibcTooOld: ", "Debian 12")]
    public void A_machine_that_is_too_old_is_told_what_it_lacks(string required, string unheardOf, string problem, string cure)
    {
        SkipUnlessLinux();
        using var probe = new TorchProbe();
        probe.AddLibTorch();
        Rename(Path.Combine(probe.Folder, "libLibTorchSharp.so"), required, unheardOf);

        probe.Run().Should().StartWith(problem).And.Contain($"lacks {unheardOf} (asked for by libLibTorchSharp.so)").And.Contain(cure);
    }

    private static void SkipUnlessLinux() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The libraries are named and made as on Linux.");

    /// <summary>Makes a library ask for a version that no machine has.</summary>
    private static void Rename(string library, string version, string unheardOf)
    {
        byte[] image = File.ReadAllBytes(library);
        int at = image.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\0{version}\0"));
        at.Should().BePositive();
        Encoding.ASCII.GetBytes(unheardOf).CopyTo(image, at + 1);
        File.WriteAllBytes(library, image);
    }
}
