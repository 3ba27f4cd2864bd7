using System.Collections;
using FluentAssertions;
using KnowledgeDistillation.Build;
using Microsoft.Build.Framework;
using Xunit;

namespace KnowledgeDistillation.Tests.Native;

/// <summary>The build step, run as MSBuild runs it, on machines of several kinds.</summary>
public sealed class RelaxLibstdcxxRequirementTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("relax-").FullName;
    private readonly TinyElfLibrary elf = new();
    private readonly BuildEngine engine = new();

    private string Source => Path.Combine(folder, "package", "libLibTorchSharp.so");

    private string Destination => Path.Combine(folder, "output", "libLibTorchSharp.so");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Where_the_machine_lacks_the_version_the_copy_is_relaxed_and_the_build_says_so_once()
    {
        byte[] original = WriteSource(isUsed: false);

        Run(glibc: "2.36", hasVersion: false).Should().BeTrue();

        byte[] expected = [.. original];
        expected[elf.FlagsOffset(0)] = 2;
        File.ReadAllBytes(Destination).Should().Equal(expected);
        File.ReadAllBytes(Source).Should().Equal(original);
        engine.Messages.Should().ContainSingle().Which.Should()
            .Be("KnowledgeDistillation: libLibTorchSharp.so asks for GLIBCXX_3.4.32, which this machine's libstdc++.so.6 lacks, but does not use it; the application's copy no longer insists on it.");
        engine.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Where_the_machine_has_the_version_the_copy_is_the_same_file()
    {
        byte[] original = WriteSource(isUsed: false);

        Run(glibc: "2.39", hasVersion: true).Should().BeTrue();

        File.ReadAllBytes(Destination).Should().Equal(original);
        engine.Messages.Should().BeEmpty();
    }

    [Fact]
    public void Always_relaxes_even_where_the_machine_has_the_version_or_no_glibc_at_all()
    {
        WriteSource(isUsed: false);

        Run(glibc: null, hasVersion: true, always: true).Should().BeTrue();

        File.ReadAllBytes(Destination)[elf.FlagsOffset(0)].Should().Be(2);
        engine.Warnings.Should().BeEmpty();
    }

    [Theory]
    [InlineData("2.31", "glibc 2.31")]
    [InlineData(null, "another C library")]
    public void Where_glibc_is_too_old_the_build_names_what_is_missing_and_the_ways_out(string? glibc, string named)
    {
        byte[] original = WriteSource(isUsed: false);

        Run(glibc, hasVersion: false).Should().BeTrue();

        engine.Warnings.Should().ContainSingle().Which.Should().StartWith("KD1001").And.Contain("needs glibc 2.34").And.Contain(named).And.Contain("Debian 12");
        File.ReadAllBytes(Destination).Should().Equal(original);
        File.GetLastWriteTimeUtc(Destination).Should().BeBefore(File.GetLastWriteTimeUtc(Source), "the next build has to warn again");
    }

    [Fact]
    public void Where_the_library_uses_the_version_the_build_warns_and_changes_nothing()
    {
        byte[] original = WriteSource(isUsed: true);

        Run(glibc: "2.36", hasVersion: false).Should().BeTrue();

        engine.Warnings.Should().ContainSingle().Which.Should().StartWith("KD1002").And.Contain("GCC 13");
        File.ReadAllBytes(Destination).Should().Equal(original);
    }

    [Fact]
    public void A_link_in_the_output_is_replaced_and_its_target_stays_as_it_is()
    {
        byte[] original = WriteSource(isUsed: false);
        Directory.CreateDirectory(Path.GetDirectoryName(Destination)!);
        File.CreateSymbolicLink(Destination, Source);

        Run(glibc: "2.36", hasVersion: false).Should().BeTrue();

        File.ReadAllBytes(Source).Should().Equal(original);
        new FileInfo(Destination).LinkTarget.Should().BeNull();
        File.ReadAllBytes(Destination)[elf.FlagsOffset(0)].Should().Be(2);
    }

    [Fact]
    public void A_damaged_library_fails_the_build_and_leaves_no_file()
    {
        WriteSource(isUsed: false);
        File.WriteAllText(Source, "damaged");

        Run(glibc: "2.36", hasVersion: false).Should().BeFalse();

        engine.Errors.Should().ContainSingle().Which.Should().StartWith("KD1003").And.Contain(Source).And.Contain("not an ELF file").And.Contain("KnowledgeDistillationRelaxLibstdcxx=false");
        Directory.Exists(Path.GetDirectoryName(Destination)).Should().BeFalse();
    }

    [Fact]
    public void This_machine_is_asked_without_an_error()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has the dynamic loader in question.");
        var task = new RelaxLibstdcxxRequirement();

        task.GlibcOfMachine().Should().NotBeNull();
        task.Invoking(t => t.MachineHasRequiredVersion()).Should().NotThrow();
    }

    private byte[] WriteSource(bool isUsed)
    {
        byte[] image = elf.Require("libstdc++.so.6", "GLIBCXX_3.4.32", isUsed).ToArray();
        Directory.CreateDirectory(Path.GetDirectoryName(Source)!);
        File.WriteAllBytes(Source, image);
        return image;
    }

    private bool Run(string? glibc, bool hasVersion, bool always = false) => new RelaxLibstdcxxRequirement
    {
        BuildEngine = engine,
        Source = Source,
        Destination = Destination,
        Always = always,
        GlibcOfMachine = () => glibc is null ? null : new Version(glibc),
        MachineHasRequiredVersion = () => hasVersion,
    }.Execute();

    private sealed class BuildEngine : IBuildEngine
    {
        public List<string> Messages { get; } = [];

        public List<string> Warnings { get; } = [];

        public List<string> Errors { get; } = [];

        public bool ContinueOnError => false;

        public int LineNumberOfTaskNode => 0;

        public int ColumnNumberOfTaskNode => 0;

        public string ProjectFileOfTaskNode => "";

        public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs) => throw new NotSupportedException();

        public void LogCustomEvent(CustomBuildEventArgs e) => throw new NotSupportedException();

        public void LogErrorEvent(BuildErrorEventArgs e) => Errors.Add($"{e.Code} {e.Message}");

        public void LogMessageEvent(BuildMessageEventArgs e) => Messages.Add(e.Message ?? "");

        public void LogWarningEvent(BuildWarningEventArgs e) => Warnings.Add($"{e.Code} {e.Message}");
    }
}
