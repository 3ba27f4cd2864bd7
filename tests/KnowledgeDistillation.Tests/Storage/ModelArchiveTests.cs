using System.IO.Compression;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Storage;

public sealed class ModelArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Weights_are_not_compressed()
    {
        using ZipArchive archive = ZipFile.OpenRead(Written());

        ZipArchiveEntry weights = archive.GetEntry("weights.safetensors")!;
        weights.CompressedLength.Should().Be(weights.Length);
    }

    [Theory]
    [InlineData("weights.safetensors", "*weights.safetensors is compressed*")]
    [InlineData("model.json", "*model.json has 33554432 bytes*")]
    public void What_would_become_far_larger_than_its_file_is_not_unpacked(string bomb, string message)
    {
        string path = Written();
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Update))
            Replace(archive, bomb, new byte[1 << 25]);

        Loading(path).Should().Throw<CheckpointException>().WithMessage(message).Which.Path.Should().Be(path);
    }

    [Fact]
    public void A_license_of_a_book_is_refused()
    {
        string path = Written();
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Update))
            Replace(archive, "LICENSE.txt", new byte[1 << 25]);

        FluentActions.Invoking(() => ModelArchive.ReadLicense(path)).Should().Throw<CheckpointException>().WithMessage("*LICENSE.txt has*");
    }

    [Fact]
    public void What_the_reader_throws_is_no_damage_of_the_archive()
    {
        string path = Written();
        foreach (Exception thrown in new Exception[] { new ArgumentException("a"), new NotSupportedException("b"), new FileNotFoundException("c") })
            FluentActions.Invoking(() => ModelArchive.Open<int>(path, _ => throw thrown)).Should().Throw<Exception>().Which.Should().BeSameAs(thrown);
    }

    [Fact]
    public void An_archive_is_loaded_into_a_network_of_the_callers_own()
    {
        string path = Written();
        using SegmentationModel model = SegmentationModel.Load(path);
        using SegmentationModel loaded = SegmentationModel.LoadInto(path, Network());

        foreach ((string name, TorchSharp.torch.Tensor weight) in loaded.Network.Module.state_dict())
            weight.equal(model.Network.Module.state_dict()[name]).all().item<bool>().Should().BeTrue(name);
    }

    [Fact]
    public void A_path_without_a_file_is_no_archive()
    {
        Directory.CreateDirectory(_folder["folder.zip"]);

        ModelArchive.IsMeantBy(_folder["folder.zip"]).Should().BeFalse();
        ModelArchive.IsMeantBy(_folder["absent.zip"]).Should().BeFalse();
        ModelArchive.IsMeantBy(Written()).Should().BeTrue();
    }

    public void Dispose() => _folder.Dispose();

    private static Action Loading(string path) => () => SegmentationModel.Load(path).Dispose();

    private static UNet3D Network() => new(new() { Modalities = ["t1"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });

    private static void Replace(ZipArchive archive, string name, byte[] content)
    {
        archive.GetEntry(name)!.Delete();
        using Stream stream = archive.CreateEntry(name, CompressionLevel.Fastest).Open();
        stream.Write(content);
    }

    private string Written()
    {
        using (SegmentationModel model = new(Network(), new ExclusiveClasses("background", "tumor")))
            model.Save(_folder["model"]);
        ModelArchive.Write(_folder["model"], _folder["model.zip"], "Do as you like.");
        return _folder["model.zip"];
    }
}
