using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>Dependence goes one way: from the console to the packages, and in each of them from folder to folder without a circle.</summary>
public sealed partial class DependenceTests
{
    public static TheoryData<string> Assemblies => [.. Read.Keys];

    private static readonly Dictionary<string, (AssemblyUses Uses, string Root)> Read = new()
    {
        ["core"] = (Layers.Core, Layers.Root),
        ["medical"] = (Layers.Medical, "KnowledgeDistillation.Medical"),
        ["experiments"] = (Layers.Experiments, "KnowledgeDistillation.Experiments"),
        ["onnxruntime"] = (Layers.OnnxRuntime, "KnowledgeDistillation.OnnxRuntime"),
        ["mpi"] = (Layers.Mpi, "KnowledgeDistillation.Mpi"),
        ["console"] = (Layers.Console, "KnowledgeDistillation.Samples.BraTS"),
    };

    public static TheoryData<string> CoreFolders => [.. Layers.Known.Keys];

    [Theory]
    [MemberData(nameof(CoreFolders))]
    public void A_folder_of_the_core_knows_only_those_below_it(string folder) => Findings.None(
        Layers.Breaches(Layers.Core).Where(use => Layers.TopFolder(use.From) == folder).Select(use => use.ToString()));

    [Fact]
    public void Every_folder_of_the_core_has_its_place() =>
        Layers.Core.Namespaces.Select(Layers.TopFolder).Distinct().Should().BeEquivalentTo(Layers.Known.Keys);

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_folders_know_each_other_in_a_circle(string assembly) => Findings.None(
        new FolderGraph(Read[assembly].Uses.BetweenItsNamespaces, name => name).Circles());

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_top_folders_know_each_other_in_a_circle(string assembly) => Findings.None(
        new FolderGraph(Read[assembly].Uses.BetweenItsNamespaces, name => Layers.TopFolder(name, Read[assembly].Root)).Circles());

    [Fact]
    public void Packages_know_only_those_below_them()
    {
        string[] ours = ["KnowledgeDistillation.Medical", "KnowledgeDistillation.OnnxRuntime", "KnowledgeDistillation.Experiments", "kdnet"];
        const string mpi = "KnowledgeDistillation.Mpi";
        Layers.Core.References.Should().NotIntersectWith(ours);
        Layers.Medical.References.Should().NotIntersectWith(ours[1..]);
        Layers.OnnxRuntime.References.Should().NotIntersectWith(ours[2..]).And.NotContain("TorchSharp", "it computes without torch");
        Layers.Experiments.References.Should().NotIntersectWith(ours[3..]).And.NotContain("KnowledgeDistillation.OnnxRuntime");
        foreach (AssemblyUses package in new[] { Layers.Core, Layers.Medical, Layers.OnnxRuntime, Layers.Experiments })
            package.References.Should().NotContain(mpi, "only a program that trains in several processes needs it");
        Layers.Mpi.References.Should().NotIntersectWith(ours);
    }

    [Theory]
    [InlineData("core")]
    [InlineData("medical")]
    [InlineData("onnxruntime")]
    [InlineData("mpi")]
    [InlineData("experiments")]
    public void No_package_knows_a_console(string assembly)
    {
        Read[assembly].Uses.References.Should().NotContain(reference => reference.StartsWith("System.CommandLine") || reference.StartsWith("Spectre.Console"));
        Findings.None(Read[assembly].Uses.All.Where(use => use is { ToAssembly: "System.Console", Used: "Console" }).Select(use => use.ToString()));
    }

    [Theory]
    [InlineData("core")]
    [InlineData("medical")]
    [InlineData("onnxruntime")]
    [InlineData("mpi")]
    [InlineData("experiments")]
    public void No_text_of_a_package_speaks_of_a_command_line(string assembly) => Findings.None(
        Read[assembly].Uses.Texts.Where(text => CommandLineWords().IsMatch(text.Text)).Select(text => $"{text.Member}: {text.Text}"));

    [GeneratedRegex(@"(^|[\s']|\s\()--[a-z]|\bkdnet (train|evaluate|predict|reproduce|demo|inspect|phantom|systems)\b")]
    private static partial Regex CommandLineWords();
}
