using System.Diagnostics;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Tests;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Export;

/// <summary>What an exported file holds besides its logits.</summary>
public sealed class OnnxFileTests : IDisposable
{
    private static readonly ExclusiveClasses Classes = new("background", "Nekrose", "Ödem");

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Recipes => [.. RecipeVariants.Types.Select(type => type.Name)];

    [Fact]
    public void The_metadata_says_all_that_a_program_needs()
    {
        using SegmentationModel model = Small(new Dictionary<string, string> { ["labels"] = "1=Nekrose,4=Ödem", ["preprocessing.crop"] = "none" });
        string path = _folder["model.onnx"];

        OnnxExport.Save(model, path, new OnnxExportOptions { Facts = new Dictionary<string, string> { ["regions"] = "{\"all\":[1,4]}" } });

        using InferenceSession session = OnnxRun.Open(path);
        Dictionary<string, string> metadata = session.ModelMetadata.CustomMetadataMap;
        metadata.Should().Contain("format", "KnowledgeDistillation segmentation").And.Contain("format version", "1")
            .And.Contain("modalities", "[\"t1\",\"t1ce\"]").And.Contain("size multiple", "4").And.Contain("spatial dimensions", "3")
            .And.Contain("output", "softmax").And.Contain("channels", "[\"background\",\"Nekrose\",\"Ödem\"]")
            .And.Contain("model.labels", "1=Nekrose,4=Ödem").And.Contain("model.preprocessing.crop", "none").And.Contain("regions", "{\"all\":[1,4]}");
        OnnxModelDescription description = OnnxModelDescription.Read(metadata);
        description.Modalities.Should().Equal("t1", "t1ce");
        description.SizeMultiple.Should().Be(4);
        description.SpatialDimensions.Should().Be(3);
        description.Labels.Should().BeOfType<ExclusiveClasses>().Which.ClassNames.Should().Equal(Classes.ClassNames);
        description.Metadata.Should().BeEquivalentTo(model.Metadata);
        session.InputMetadata["t1ce"].Dimensions.Should().Equal(-1, 1, -1, -1, -1);
        session.InputMetadata["t1ce"].SymbolicDimensions.Should().Equal("batch", "", "depth", "height", "width");
        session.OutputMetadata["logits"].Dimensions.Should().Equal(-1, 3, -1, -1, -1);
    }

    [Fact]
    public void Overlapping_regions_come_back_with_their_sigmoid()
    {
        var regions = new OverlappingRegions([new Region("whole", 1, 2), new Region("core", 1)], [2, 1]);
        using var model = new SegmentationModel(new UNet2D(new() { Modalities = ["CT"], OutputChannels = 2, BaseWidth = 2, Levels = 2 }), regions);
        string path = _folder["regions.onnx"];

        OnnxExport.Save(model, path);

        using InferenceSession session = OnnxRun.Open(path);
        Dictionary<string, string> metadata = session.ModelMetadata.CustomMetadataMap;
        metadata.Should().Contain("output", "sigmoid").And.Contain("spatial dimensions", "2");
        OverlappingRegions read = OnnxModelDescription.Read(metadata).Labels.Should().BeOfType<OverlappingRegions>().Which;
        read.InnermostClasses.Should().Equal(2, 1);
        read.Regions.Select(region => region.Name).Should().Equal("whole", "core");
        read.Regions[0].Classes.Should().Equal(1, 2);
    }

    [Theory]
    [InlineData("format", null, "*was not exported by KnowledgeDistillation*")]
    [InlineData("format", "nnU-Net", "*was not exported by KnowledgeDistillation*")]
    [InlineData("format version", "2", "*version 2*update the library*")]
    [InlineData("modalities", null, "*lacks 'modalities'*")]
    [InlineData("modalities", "[]", "*'modalities' is '[]'*")]
    [InlineData("modalities", "[\"t1\",null]", "*makes no sense: 'modalities'*")]
    [InlineData("modalities", "t1", "*makes no sense: 'modalities' is 't1'*")]
    [InlineData("size multiple", "0", "*'size multiple' is '0'*")]
    [InlineData("size multiple", "-4", "*'size multiple' is '-4'*")]
    [InlineData("spatial dimensions", "4", "*'spatial dimensions' is '4'*")]
    [InlineData("label scheme", "{}", "*makes no sense: 'label scheme'*")]
    [InlineData("label scheme", "{\"$type\":\"exclusive classes\",\"ClassNames\":[\"one\"]}", "*makes no sense: 'label scheme'*")]
    public void Metadata_that_is_foreign_or_wrong_is_refused(string name, string? value, string message)
    {
        using SegmentationModel model = Small();
        string path = _folder["model.onnx"];
        OnnxExport.Save(model, path);
        using InferenceSession session = OnnxRun.Open(path);
        Dictionary<string, string> metadata = session.ModelMetadata.CustomMetadataMap;
        OnnxModelDescription.Read(metadata);
        if (value is null)
            metadata.Remove(name);
        else
            metadata[name] = value;

        FluentActions.Invoking(() => OnnxModelDescription.Read(metadata)).Should().Throw<InvalidDataException>().WithMessage(message);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Nothing_is_written_that_no_operation_uses(string recipe)
    {
        using IEncoderDecoder network = RecipeVariants.Of(RecipeVariants.Types.Single(type => type.Name == recipe))["default"].Build();
        using var model = new SegmentationModel(network, new ExclusiveClasses([.. Enumerable.Range(0, network.OutputChannels).Select(n => $"{n}")]));
        string path = _folder["model.onnx"];
        OnnxExport.Save(
            model, path, new OnnxExportOptions { Modalities = network.NeedsAllModalities ? null : [network.Modalities[1]] });

        var file = new WireMessage(File.ReadAllBytes(path));
        WireMessage graph = file.Messages(7).Single();
        string[] used = [.. graph.Messages(1).SelectMany(node => node.Texts(1)).Where(name => name.Length > 0)];
        string[] given = [.. graph.Messages(1).SelectMany(node => node.Texts(2)), .. graph.Messages(11).Select(input => input.Text(1))];
        string[] kept = [.. graph.Messages(5).Select(tensor => tensor.Text(8))];

        file.Number(1).Should().Be(8);
        file.Messages(8).Single().Number(2).Should().Be(17);
        kept.Should().OnlyHaveUniqueItems().And.BeSubsetOf(used);
        used.Should().BeSubsetOf([.. kept, .. given]);
        given.Should().OnlyHaveUniqueItems().And.NotIntersectWith(kept);
        kept.Where(name => !name.StartsWith("constant_", StringComparison.Ordinal)).Should().BeSubsetOf(network.Module.state_dict().Keys);
    }

    [Fact]
    public void Weights_that_one_file_cannot_hold_lie_beside_it()
    {
        torch.manual_seed(5);
        using SegmentationModel model = Small();
        OnnxRun.Stirred(model.Network);
        string path = _folder["large.onnx"];
        OnnxExport.Save(model, path, null, mostBytesWithin: 1000);

        _folder.Entries.Should().Equal("large.onnx", "large.onnx.data");
        new FileInfo(path).Length.Should().BeLessThan(new FileInfo($"{path}.data").Length);
        ModalityImages images = OnnxRun.Images(["t1", "t1ce"], 1, 1, 8, 8, 8);
        using InferenceSession session = OnnxRun.Open(path);
        OnnxRun.Logits(session, images).Values.Zip(OnnxRun.TorchLogits(model.Network, images).Values, (a, b) => Math.Abs(a - b)).Max()
            .Should().BeLessThan(2e-5f);
        RequireChecked(path);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void The_checker_of_ONNX_finds_no_fault(string recipe)
    {
        using IEncoderDecoder network = RecipeVariants.Of(RecipeVariants.Types.Single(type => type.Name == recipe))["default"].Build();
        string path = _folder["model.onnx"];
        OnnxExport.Save(new SegmentationModel(network, new ExclusiveClasses([.. Enumerable.Range(0, network.OutputChannels).Select(n => $"{n}")])), path);

        RequireChecked(path);
    }

    [Fact]
    public void Modalities_may_be_called_as_anything_else_in_the_file()
    {
        torch.manual_seed(6);
        string[] names = ["logits", "head.weight", "Concat_0", "constant_0", "T2 (mit Ödem)"];
        using var model = new SegmentationModel(
            OnnxRun.Stirred(new UNet3D(new() { Modalities = names, OutputChannels = 3, BaseWidth = 2, Levels = 2 })), Classes);
        string path = _folder["names.onnx"];

        OnnxExport.Save(model, path);

        using InferenceSession session = OnnxRun.Open(path);
        ModalityImages images = OnnxRun.Images(names, 1, 1, 4, 4, 4);
        OnnxRun.Logits(session, images).Values.Zip(OnnxRun.TorchLogits(model.Network, images).Values, (a, b) => Math.Abs(a - b)).Max()
            .Should().BeLessThan(2e-5f);
        OnnxModelDescription.Read(session.ModelMetadata.CustomMetadataMap).Modalities.Should().Equal(names);
    }

    [Fact]
    public void The_same_model_gives_the_same_file()
    {
        using SegmentationModel model = Small(new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" });
        OnnxExport.Save(model, _folder["first.onnx"]);
        OnnxExport.Save(model, _folder["second.onnx"]);

        File.ReadAllBytes(_folder["second.onnx"]).Should().Equal(File.ReadAllBytes(_folder["first.onnx"]));
        _folder.Entries.Should().Equal("first.onnx", "second.onnx");
    }

    [Fact]
    public void A_file_stays_as_it_was_where_the_export_fails()
    {
        string path = _folder["model.onnx"];
        File.WriteAllText(path, "before");
        using var model = new SegmentationModel(new HemisUNet3D(new() { Modalities = ["t1", "t2"], OutputChannels = 3 }), Classes);

        FluentActions.Invoking(() => OnnxExport.Save(model, path, new OnnxExportOptions { Modalities = ["ct"] })).Should().Throw<ArgumentException>();

        _folder.Entries.Should().Equal("model.onnx");
        File.ReadAllText(path).Should().Be("before");
    }

    [Theory]
    [InlineData(new[] { "ct" }, "*sees t1, t1ce, but 'ct' is to be exported*")]
    [InlineData(new string[0], "*At least one modality*")]
    [InlineData(new[] { "t1" }, "*needs all of t1, t1ce, but only t1 is to be exported*")]
    public void Modalities_that_do_not_fit_the_network_are_refused(string[] modalities, string message)
    {
        using SegmentationModel model = Small();

        FluentActions.Invoking(() => OnnxExport.Save(model, _folder["model.onnx"], new OnnxExportOptions { Modalities = modalities }))
            .Should().Throw<ArgumentException>().WithMessage(message);
    }

    [Fact]
    public void Facts_that_the_file_keeps_itself_are_refused()
    {
        using SegmentationModel model = Small();
        OnnxExportOptions options = new() { Facts = new Dictionary<string, string> { ["modalities"] = "none" } };

        FluentActions.Invoking(() => OnnxExport.Save(model, _folder["model.onnx"], options)).Should().Throw<ArgumentException>().WithMessage("*'modalities'*");
    }

    public void Dispose() => _folder.Dispose();

    private static SegmentationModel Small(IReadOnlyDictionary<string, string>? metadata = null) =>
        new(new UNet3D(new() { Modalities = ["t1", "t1ce"], OutputChannels = 3, BaseWidth = 4, Levels = 3 }), Classes, metadata);

    // Debian's python3-onnx belongs to Debian's own python.
    private static void RequireChecked(string path)
    {
        const string program = "import sys, onnx; onnx.checker.check_model(sys.argv[1], full_check=True)";
        string? python = Array.Find(["python3", "/usr/bin/python3"], candidate => Run(candidate, "import onnx").ExitCode == 0);
        Assert.SkipWhen(python is null, "No python3 here has the module onnx (Debian: apt-get install python3-onnx).");
        (int exitCode, string error) = Run(python!, program, path);
        error.Should().BeEmpty();
        exitCode.Should().Be(0);
    }

    private static (int ExitCode, string Error) Run(string python, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", .. arguments]) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }
}
