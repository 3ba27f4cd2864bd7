using System.IO.Compression;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class ExportModelTests(TrainedNetworks trained) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_in_one_file_segments_as_its_training_does_and_names_no_patients()
    {
        Kdnet.Run("export-model", trained.Student, "-o", _folder["model.zip"]).ExitCode.Should().Be(0);
        string[] predict = ["predict", "--save-probabilities", "--threads", "1", .. trained.T1ce];
        Kdnet.Run([.. predict, "--model", _folder["model.zip"], "--out", _folder["zip"]]).Error.Should().BeEmpty();
        Kdnet.Run([.. predict, "--model", trained.Student, "--out", _folder["run"]]).Error.Should().BeEmpty();

        string[] results = [.. Directory.EnumerateFiles(_folder["run"], "*.nii.gz", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(_folder["run"], path))];
        // The labels, three classes and three regions of each case.
        results.Should().HaveCountGreaterThanOrEqualTo(6 * trained.T1ce.Count);
        foreach (string name in results)
            NiftiImage.Load(_folder["zip", name]).ToVolume().Voxels.Should().Equal(NiftiImage.Load(_folder["run", name]).ToVolume().Voxels, name);
        using (var model = SegmentationModel.Load(_folder["model.zip"]))
        using (var run = SegmentationModel.Load(trained.Student))
        {
            model.Metadata.Keys.Should().NotContain(key => key.StartsWith("cases.", StringComparison.Ordinal) || key == "teacher" || key == "sources");
            model.Metadata.Should().ContainKey("preprocessing.crop").And.ContainKey("labels").And.ContainKey("teacher.weights");
            run.Metadata.Should().ContainKey("cases.seen").And.ContainKey("teacher");
        }

        using ZipArchive archive = ZipFile.OpenRead(_folder["model.zip"]);
        archive.Entries.Select(entry => entry.FullName).Should().BeEquivalentTo("model.json", "weights.safetensors", "LICENSE.txt");
        string description = new StreamReader(archive.GetEntry("model.json")!.Open()).ReadToEnd();
        description.Should().NotContain("PHANTOM").And.NotContain(trained.Folder);
        ModelArchive.ReadLicense(_folder["model.zip"]).Should().Contain("No license");
    }

    [Fact]
    public void Cases_and_license_are_kept_on_request_and_equal_models_give_equal_files()
    {
        File.WriteAllText(_folder["terms.txt"], "For research only.");
        foreach (string name in new[] { "one.zip", "two.zip" })
        {
            Kdnet.Run("export-model", trained.Student, "-o", _folder[name], "--license", _folder["terms.txt"], "--with-cases").ExitCode.Should().Be(0);
        }

        File.ReadAllBytes(_folder["one.zip"]).Should().Equal(File.ReadAllBytes(_folder["two.zip"]));
        ModelArchive.ReadLicense(_folder["one.zip"]).Should().Be("For research only.");
        using var model = SegmentationModel.Load(_folder["one.zip"]);
        model.Metadata.Should().ContainKey("cases.seen");
    }

    [Fact]
    public void An_evaluation_warns_where_a_model_does_not_say_what_it_has_seen()
    {
        Kdnet.Run("export-model", trained.Student, "-o", _folder["model.zip"]).ExitCode.Should().Be(0);
        Kdnet run = Kdnet.Run(
            "evaluate", "--model", _folder["model.zip"], "--data", trained.Data, "--threads", "1", "--out", _folder["scores.csv"]);
        run.ExitCode.Should().Be(0, run.Error);
        run.Error.Should().Contain("does not say which cases");
    }

    [Fact]
    public void A_damaged_file_or_one_that_is_none_is_named()
    {
        Kdnet.Run("export-model", trained.Student, "-o", _folder["model.zip"]).ExitCode.Should().Be(0);
        byte[] bytes = File.ReadAllBytes(_folder["model.zip"]);
        int refused = 0;
        for (int place = 0; place < bytes.Length; place += Math.Max(1, bytes.Length / 100))
        {
            byte[] damaged = [.. bytes];
            damaged[place] ^= 0xFF;
            File.WriteAllBytes(_folder["damaged.zip"], damaged);
            try
            {
                // A date or the license may be another: all that is read has checksums.
                SegmentationModel.Load(_folder["damaged.zip"]).Dispose();
            }
            catch (CheckpointException exception)
            {
                refused++;
                exception.Message.Should().Contain("damaged.zip");
            }
        }

        refused.Should().BeGreaterThan(70);
        File.WriteAllBytes(_folder["cut.zip"], bytes[..(bytes.Length / 2)]);
        Fails("cut.zip");
        File.WriteAllText(_folder["text.zip"], "no archive");
        Fails("text.zip");
        using (var other = ZipFile.Open(_folder["other.zip"], ZipArchiveMode.Create))
            other.CreateEntry("something");
        Fails("other.zip");

        Kdnet wrong = Kdnet.Run("export-model", trained.Student, "-o", _folder["model.tar"]);
        wrong.ExitCode.Should().Be(2);
        wrong.Error.Should().Contain(".zip");
        Kdnet.Run("export-model", _folder["nothing"], "-o", _folder["none.zip"]).ExitCode.Should().Be(2);
        File.Exists(_folder["none.zip"]).Should().BeFalse();

        void Fails(string name)
        {
            Kdnet run = Kdnet.Run("predict", "--model", _folder[name], "--out", _folder["none"], "--threads", "1", trained.T1ce[0]);
            run.ExitCode.Should().Be(1, name);
            run.Error.Should().Contain(name).And.NotContain("   at ");
        }
    }
}
