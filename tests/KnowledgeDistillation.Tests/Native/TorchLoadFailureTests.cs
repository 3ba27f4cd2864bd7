using FluentAssertions;
using KnowledgeDistillation.Runtime;
using Xunit;

namespace KnowledgeDistillation.Tests.Native;

/// <summary>Failures that the machine that runs the tests cannot produce, with the messages of the loaders.</summary>
public sealed class TorchLoadFailureTests
{
    [Theory]
    [InlineData(
        "/app/libLibTorchSharp.so: undefined symbol: _ZN5torch2nn6ModuleD2Ev", true, TorchBackendProblem.LibTorchIncompatible, "_ZN5torch2nn6ModuleD2Ev")]
    [InlineData(
        "Unable to load DLL 'LibTorchSharp' or one of its dependencies: The specified procedure could not be found. (0x8007007F)",
        true,
        TorchBackendProblem.LibTorchIncompatible,
        "0x8007007F")]
    [InlineData(
        "dlopen(/app/libLibTorchSharp.dylib, 0x0001): Symbol not found: __ZN5torch2nn6ModuleD2Ev",
        true,
        TorchBackendProblem.LibTorchIncompatible,
        "__ZN5torch2nn6ModuleD2Ev")]
    [InlineData(
        "Unable to load DLL 'LibTorchSharp' or one of its dependencies: The specified module could not be found. (0x8007007E)",
        false,
        TorchBackendProblem.LibTorchMissing,
        "TorchSharp-cpu")]
    [InlineData(
        "Unable to load DLL 'LibTorchSharp' or one of its dependencies: The specified module could not be found. (0x8007007E)",
        true,
        TorchBackendProblem.LoadFailed,
        "0x8007007E")]
    [InlineData(
        "/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)",
        true,
        TorchBackendProblem.LibstdcxxTooOld,
        "KnowledgeDistillationRelaxLibstdcxx set to always")]
    [InlineData(
        "/lib/libstdc++.so.6: version `CXXABI_1.3.15' not found (required by /app/libLibTorchSharp.so)",
        true,
        TorchBackendProblem.LibstdcxxTooOld,
        "CXXABI_1.3.15 (asked for by libLibTorchSharp.so)")]
    [InlineData(
        "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /app/libc10.so)",
        true,
        TorchBackendProblem.GlibcTooOld,
        "GLIBC_2.38 (asked for by libc10.so)")]
    [InlineData(
        "/app/torch_cpu.so: cannot open shared object file: No such file or directory\n"
            + "libcudart.so.12: cannot open shared object file: No such file or directory",
        true,
        TorchBackendProblem.LoadFailed,
        "The loader says: libcudart.so.12: cannot open")]
    public void The_loaders_words_are_understood(string message, bool isLibTorchPresent, TorchBackendProblem problem, string named)
    {
        TorchBackendException exception = TorchLoadFailure.Explain(message, isLibTorchPresent);

        exception.Problem.Should().Be(problem);
        exception.Message.Should().StartWith("Torch cannot be loaded").And.Contain(named);
    }

    [Fact]
    public void A_libtorch_of_the_system_that_does_not_fit_is_named_with_its_version_and_the_package_that_is_missing()
    {
        TorchBackendException exception = TorchLoadFailure.Explain(
            "/app/libLibTorchSharp.so: undefined symbol: _ZN5torch2nn6ModuleD2Ev", isLibTorchPresent: true, foreign: "/usr/lib/libtorch_cpu.so.1.13");

        exception.Problem.Should().Be(TorchBackendProblem.LibTorchMissing);
        exception.Message.Should().Contain("'/usr/lib/libtorch_cpu.so.1.13' (version 1.13)").And.Contain("TorchSharp-cpu").And.Contain("UseLibTorch");
    }

    [Theory]
    [InlineData("linux-x64")]
    [InlineData("debian.12-x64")]
    [InlineData("win-x64")]
    [InlineData("win-arm64")]
    [InlineData("osx-arm64")]
    public void Platforms_with_a_native_library_are_accepted(string runtimeIdentifier) =>
        FluentActions.Invoking(() => TorchLoadFailure.EnsurePlatform(runtimeIdentifier)).Should().NotThrow();

    [Theory]
    [InlineData("linux-arm64")]
    [InlineData("linux-musl-x64")]
    [InlineData("osx-x64")]
    [InlineData("win-x86")]
    public void Platforms_without_one_are_refused_by_name(string runtimeIdentifier) =>
        FluentActions.Invoking(() => TorchLoadFailure.EnsurePlatform(runtimeIdentifier)).Should().Throw<TorchBackendException>()
            .WithMessage($"TorchSharp has no native library for {runtimeIdentifier}*").Which.Problem.Should().Be(TorchBackendProblem.UnsupportedPlatform);
}
