using FluentAssertions;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>What the files compute is tested with ONNX Runtime in KnowledgeDistillation.OnnxRuntime.Tests.</summary>
public sealed class ExportCommandTests(TrainedNetworks trained) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_network_becomes_one_file_that_says_what_its_labels_are()
    {
        string path = _folder["out", "student.onnx"];

        Kdnet run = Kdnet.Run("export", trained.Student, "--onnx", path);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        run.Output.Should().Contain(path);
        Directory.GetFiles(_folder["out"]).Should().Equal(path);
        string text = File.ReadAllText(path, System.Text.Encoding.Latin1);
        string[] wanted =
        [
            """{"background":0,"necrosis and non-enhancing tumor":1,"edema":2,"enhancing tumor":4}""", """{"ET":[4],"TC":[1,4],"WT":[1,2,4]}""",
            """{"t1ce":"zscorenonzero"}""", "size multiple", "model.preprocessing.crop",
        ];
        wanted.Where(part => !text.Contains(part, StringComparison.Ordinal)).Should().BeEmpty();
        text.Contains("cases.", StringComparison.Ordinal).Should().BeFalse("what the network has learned from is nobody's affair");
    }

    [Fact]
    public void A_network_for_any_modalities_can_be_exported_for_some()
    {
        string all = _folder["all.onnx"], two = _folder["two.onnx"];

        Kdnet.Run("export", trained.AnyModalities, "--onnx", all).ExitCode.Should().Be(0);
        Kdnet.Run("export", trained.AnyModalities, "--modality", "flair", "t1", "--onnx", two).ExitCode.Should().Be(0);

        new FileInfo(two).Length.Should().BeLessThan(new FileInfo(all).Length);
    }

    [Fact]
    public void Several_networks_become_one_file()
    {
        string one = _folder["one.onnx"], two = _folder["two.onnx"];

        Kdnet.Run("export", trained.Student, "--onnx", one).ExitCode.Should().Be(0);
        Kdnet run = Kdnet.Run("export", trained.Student, Path.Combine(trained.Student, "last"), "--onnx", two);
        Kdnet mixed = Kdnet.Run("export", trained.Student, trained.Teacher, "--onnx", _folder["mixed.onnx"]);

        run.ExitCode.Should().Be(0, run.Error);
        new FileInfo(two).Length.Should().BeGreaterThan(3 * new FileInfo(one).Length / 2);
        mixed.ExitCode.Should().Be(2);
        mixed.Error.Should().Contain("the same modalities");
        File.Exists(_folder["mixed.onnx"]).Should().BeFalse();
    }

    [Fact]
    public void What_cannot_be_exported_is_refused_before_anything_is_written()
    {
        string path = _folder["model.onnx"];

        Kdnet foreign = Kdnet.Run("export", trained.AnyModalities, "--modality", "ct", "--onnx", path);
        Kdnet partial = Kdnet.Run("export", trained.Teacher, "--modality", "t1", "--onnx", path);
        Kdnet absent = Kdnet.Run("export", _folder["absent"], "--onnx", path);
        Kdnet without = Kdnet.Run("export", trained.Student);

        foreign.ExitCode.Should().Be(2);
        foreign.Error.Should().Contain("'ct' is to be exported");
        partial.ExitCode.Should().Be(2);
        partial.Error.Should().Contain("needs all of");
        absent.ExitCode.Should().Be(2);
        without.ExitCode.Should().Be(2);
        without.Error.Should().Contain("--onnx");
        _folder.Entries.Should().BeEmpty();
    }

    public void Dispose() => _folder.Dispose();
}
