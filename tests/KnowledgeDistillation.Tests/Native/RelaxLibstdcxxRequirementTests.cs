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
    public void Where_the_machine_lacks_the_unused_version_the_copy_is_relaxed_and_the_build_says_so_once()
    {
        byte[] original = WriteSource(isUsed: false);

        Run("GLIBCXX_3.4.32").Should().BeTrue();

        byte[] expected = [.. original];
        expected[elf.FlagsOffset(2)] = 2;
        File.ReadAllBytes(Destination).Should().Equal(expected);
        File.ReadAllBytes(Source).Should().Equal(original);
        engine.Messages.Should().ContainSingle().Which.Should()
            .Be("KnowledgeDistillation: libLibTorchSharp.so asks for GLIBCXX_3.4.32, which this machine's libstdc++.so.6 lacks, but does not use it; "
                + "the application's copy no longer insists on it.");
        engine.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Where_the_machine_has_all_versions_the_copy_is_the_same_file()
    {
        byte[] original = WriteSource(isUsed: false);

        Run().Should().BeTrue();

        File.ReadAllBytes(Destination).Should().Equal(original);
        engine.Messages.Should().BeEmpty();
        engine.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Always_relaxes_the_unused_version_alone_whatever_the_machine_has()
    {
        byte[] original = WriteSource(isUsed: false);

        Run(always: true, lacks: "GLIBC_2.34").Should().BeTrue();

        byte[] expected = [.. original];
        expected[elf.FlagsOffset(2)] = 2;
        File.ReadAllBytes(Destination).Should().Equal(expected);
        engine.Warnings.Should().BeEmpty();
    }

    [Theory]
    [InlineData("GLIBC_2.34", "GLIBC_2.34 (libc.so.6)")]
    [InlineData("GLIBCXX_3.4.30", "GLIBCXX_3.4.30 (libstdc++.so.6)")]
    public void Where_the_machine_lacks_a_version_in_use_the_build_names_it_and_the_ways_out(string lacks, string named)
    {
        byte[] original = WriteSource(isUsed: false);

        Run(lacks).Should().BeTrue();

        engine.Warnings.Should().ContainSingle().Which.Should()
            .Be($"KD1001 libLibTorchSharp.so needs {named}, which this machine lacks, so torch does not load here. "
                + "Run the application on Debian 12, Ubuntu 22.04 or a newer system, or in a container of one.");
        File.ReadAllBytes(Destination).Should().Equal(original);
        File.GetLastWriteTimeUtc(Destination).Should().BeBefore(File.GetLastWriteTimeUtc(Source), "the next build has to warn again");
    }

    [Fact]
    public void A_version_that_a_relocation_uses_is_never_relaxed()
    {
        byte[] original = WriteSource(isUsed: true);

        Run("GLIBCXX_3.4.32").Should().BeTrue();

        engine.Warnings.Should().ContainSingle().Which.Should().Contain("needs GLIBCXX_3.4.32 (libstdc++.so.6)");
        File.ReadAllBytes(Destination).Should().Equal(original);
    }

    [Fact]
    public void A_link_in_the_output_is_replaced_and_its_target_stays_as_it_is()
    {
        byte[] original = WriteSource(isUsed: false);
        Directory.CreateDirectory(Path.GetDirectoryName(Destination)!);
        File.CreateSymbolicLink(Destination, Source);

        Run("GLIBCXX_3.4.32").Should().BeTrue();

        File.ReadAllBytes(Source).Should().Equal(original);
        new FileInfo(Destination).LinkTarget.Should().BeNull();
        File.ReadAllBytes(Destination)[elf.FlagsOffset(2)].Should().Be(2);
    }

    [Fact]
    public void A_damaged_library_fails_the_build_and_leaves_no_file()
    {
        WriteSource(isUsed: false);
        File.WriteAllText(Source, "damaged");

        Run("GLIBCXX_3.4.32").Should().BeFalse();

        engine.Errors.Should().ContainSingle().Which.Should().StartWith("KD1002").And.Contain(Source).And.Contain("not an ELF file")
            .And.Contain("KnowledgeDistillationRelaxLibstdcxx=false");
        Directory.Exists(Path.GetDirectoryName(Destination)).Should().BeFalse();
    }

    [Theory]
    [InlineData("libc.so.6", "GLIBC_2.2.5", "printf", true)]
    [InlineData("libstdc++.so.6", "GLIBCXX_3.4", "_ZSt9terminatev", true)]
    [InlineData("libstdc++.so.6", "GLIBCXX_3.4.99", "_ZSt9terminatev", false)]
    [InlineData("ld-linux-x86-64.so.2", "GLIBC_2.3", "__tls_get_addr", true)]
    public void This_machines_loader_is_asked_for_the_symbol_in_the_version(string library, string version, string symbol, bool isMet)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has the loader in question.");
        var requirement = new ElfRequirement(library, version, 0, false, symbol, true);

        new RelaxLibstdcxxRequirement().MachineMeets(requirement).Should().Be(isMet);
    }

    private byte[] WriteSource(bool isUsed)
    {
        byte[] image = elf
            .Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.30", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.32", isUsed)
            .ToArray();
        Directory.CreateDirectory(Path.GetDirectoryName(Source)!);
        File.WriteAllBytes(Source, image);
        return image;
    }

    private bool Run(string? lacks = null, bool always = false) => new RelaxLibstdcxxRequirement
    {
        BuildEngine = engine,
        Source = Source,
        Destination = Destination,
        Always = always,
        MachineMeets = requirement => requirement.Version != lacks,
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

        public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs) =>
            throw new NotSupportedException();

        public void LogCustomEvent(CustomBuildEventArgs e) => throw new NotSupportedException();

        public void LogErrorEvent(BuildErrorEventArgs e) => Errors.Add($"{e.Code} {e.Message}");

        public void LogMessageEvent(BuildMessageEventArgs e) => Messages.Add(e.Message ?? "");

        public void LogWarningEvent(BuildWarningEventArgs e) => Warnings.Add($"{e.Code} {e.Message}");
    }
}
