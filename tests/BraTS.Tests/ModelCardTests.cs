using System.Text.RegularExpressions;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class ModelCardTests(TrainedNetworks trained) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_card_says_what_the_run_knows_and_names_no_patient_and_no_place()
    {
        Kdnet.Run("evaluate", "--model", trained.Student, "--data", trained.Data, "--cases", "all", "--threads", "1", "--out", _folder["scores.csv"])
            .ExitCode.Should().Be(0);

        Kdnet run = Kdnet.Run("export-model", trained.Student, "-o", _folder["model.zip"], "--scores", _folder["scores.csv"], "--with-cases");

        run.ExitCode.Should().Be(0, run.Error);
        string card = ModelArchive.ReadCard(_folder["model.zip"])!;
        string[] names = [.. MedicalDataset.Open(trained.Data).Cases.Select(item => item.Id)];
        names.Should().NotBeEmpty().And.OnlyContain(name => !card.Contains(name));
        using var model = SegmentationModel.Load(trained.Student);
        int training = model.Metadata["cases.training"].Split(':')[2].Split(',').Length;
        card.Should().NotContain(trained.Folder).And.NotContain(_folder.Root).And.NotContain("sha256:").And.NotContain("/tmp");
        Regex.IsMatch(card, @"(^|[\s'(`])(/|[A-Za-z]:\\)\w").Should().BeFalse("no absolute path belongs there");
        foreach (string part in new[]
        {
            "KD-Net student for T1ce", "necrosis and non-enhancing tumor, edema, enhancing tumor",
            $"Cases: {training} for training", "orientation of the files: LPS",
            "1=necrosis,2=edema,4=enhancing", "ET, TC, WT", "no medical device", "| WT | training | Dice |", "| WT | native | HD95 in mm |", "95 % interval",
            "what is smaller than 2 voxels", "outside of the central 16×16×16 voxels", "of T1ce.",
            "System: kd-net", "Epochs: 1, of which 1 was the best", "alpha 10",
            "T1ce by zscorenonzero", "\"BaseWidth\":2", "KnowledgeDistillation 0.", "TorchSharp 0.",
            "origin), scanners, dates, and who drew the references: not known",
        })
        {
            card.Should().Contain(part);
        }
    }

    [Fact]
    public void Without_scores_and_history_it_says_that_they_are_not_known()
    {
        StoredFiles.Copy(Path.Combine(trained.Student, "best"), _folder["alone"]);

        Kdnet.Run("export-model", _folder["alone"], "-o", _folder["model.zip"]).ExitCode.Should().Be(0);

        ModelArchive.ReadCard(_folder["model.zip"]).Should().Contain("On cases that the network has not seen: not known").And.Contain("Epochs: not known");
    }

    [Fact]
    public void Of_a_network_that_was_trained_otherwise_hardly_anything_is_known()
    {
        var network = new UNet3D(new UNet3DOptions { Modalities = ["CT"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        using (var model = new SegmentationModel(network, new ExclusiveClasses("background", "liver")))
            model.Save(_folder["model"]);

        ModelExport.Write(_folder["model"], _folder["model.zip"]);

        ModelArchive.ReadCard(_folder["model.zip"]).Should().Contain("UNet3D for CT").And.Contain("liver").And.Contain("System: not known")
            .And.Contain("Cases: not known").And.Contain("Images: not known").And.Contain("Resolution and field of view: not known").And.NotContain("necrosis");
    }

    [Fact]
    public void Scores_that_are_none_or_of_several_networks_are_refused_by_name()
    {
        Kdnet.Run(
            "evaluate",
            "--model",
            trained.Student,
            trained.Teacher,
            "--data",
            trained.Data,
            "--cases",
            "all",
            "--threads",
            "1",
            "--out",
            _folder["two.csv"])
            .ExitCode.Should().Be(0);
        File.WriteAllText(_folder["other.csv"], "a,b\n1,2\n");

        foreach ((string file, string message) in new[] { ("two.csv", "2 networks"), ("other.csv", "holds no scores"), ("absent.csv", "does not exist") })
        {
            Kdnet run = Kdnet.Run("export-model", trained.Student, "-o", _folder["model.zip"], "--scores", _folder[file]);
            run.ExitCode.Should().Be(2);
            run.Error.Should().Contain(file).And.Contain(message);
            File.Exists(_folder["model.zip"]).Should().BeFalse();
        }
    }
}
