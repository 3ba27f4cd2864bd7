using System.Text;
using FluentAssertions;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Dicom;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary><c>kdnet predict</c> on folders of DICOM, made of the phantoms' images.</summary>
public sealed class PredictDicomTests(TrainedNetworks trained) : IDisposable
{
    private const string Missing = "Needs dcm2niix (Debian: apt install dcm2niix).";

    private static readonly bool HasDcm2niix = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, OperatingSystem.IsWindows() ? "dcm2niix.exe" : "dcm2niix")));

    private readonly TemporaryFolder _folder = new();

    private string Study => _folder[DicomSeriesFiles.PatientName, "study"];

    private MedicalCase Case => MedicalDataset.Open(trained.Data).Cases[0];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_series_gives_what_the_same_image_in_NIfTI_gives()
    {
        Assert.SkipUnless(HasDcm2niix, Missing);
        Write("t1ce", 7, Path.Combine(Study, "deeper", "T1 KM"));
        string[] before = TemporaryFolders();

        Kdnet run = Predict("--model", trained.Student, "--out", _folder["out"], Study);
        Kdnet plain = Predict("--model", trained.Student, "--out", _folder["plain"], Rounded("t1ce"));

        run.ExitCode.Should().Be(0, run.Error);
        plain.ExitCode.Should().Be(0, plain.Error);
        Volume<int> found = Labels(_folder["out", "series-7_seg.nii.gz"]), expected = Labels(_folder["plain", "t1ce_seg.nii.gz"]);
        found.Grid.CoincidesWith(expected.Grid).Should().BeTrue();
        expected.Voxels.Should().Contain(label => label != 0);
        found.Voxels.Should().Equal(expected.Voxels);
        TemporaryFolders().Should().BeSubsetOf(before, "the images in between are gone");
    }

    [Fact]
    public void Nothing_that_is_written_or_said_tells_who_the_patient_is()
    {
        Assert.SkipUnless(HasDcm2niix, Missing);
        Write("t1ce", 7, Study);

        Kdnet run = Predict("--model", trained.Student, "--save-probabilities", "--out", _folder["out"], Study);
        Kdnet refused = Predict("--model", trained.Teacher, "--out", _folder["out"], Study);

        run.ExitCode.Should().Be(0, run.Error);
        refused.ExitCode.Should().Be(2);
        foreach (string said in new[] { run.Output, run.Error, refused.Output, refused.Error })
            RequireAnonymous(said);
        foreach (string file in Directory.GetFiles(_folder["out"], "*", SearchOption.AllDirectories))
        {
            RequireAnonymous(file[_folder.Root.Length..]);
            RequireAnonymous(Encoding.Latin1.GetString(Content(file)));
        }
    }

    [Fact]
    public void Several_series_are_listed_and_taken_for_the_modalities_that_are_said()
    {
        Assert.SkipUnless(HasDcm2niix, Missing);
        (string Modality, int Series)[] all = [("t1", 3), ("t1ce", 11), ("t2", 5), ("flair", 4)];
        foreach ((string modality, int series) in all)
            Write(modality, series, Study);

        Kdnet one = Predict("--model", trained.Student, "--out", _folder["none"], Study);
        one.ExitCode.Should().Be(2);
        one.Error.ReplaceLineEndings(" ").Should().Contain("--series t1ce=3")
            .And.Contain("There are: 3 (axial t1), 4 (axial flair), 5 (axial t2), 11 (axial t1ce).");
        Predict("--model", trained.Teacher, "--out", _folder["none"], Study).Error.Should().Contain("which modality");
        Directory.Exists(_folder["none"]).Should().BeFalse();

        Kdnet run = Predict(
            "--model", trained.Teacher, "--out", _folder["out"], "--series", string.Join(',', all.Select(item => $"{item.Modality}={item.Series}")), Study);
        Kdnet plain = Predict(["--model", trained.Teacher, "--out", _folder["plain"], .. all.Select(item => Rounded(item.Modality, "case_"))]);
        run.ExitCode.Should().Be(0, run.Error);
        plain.ExitCode.Should().Be(0, plain.Error);
        Labels(_folder["out", "series-3-11-5-4.nii.gz"]).Voxels.Should().Equal(Labels(_folder["plain", "case.nii.gz"]).Voxels);

        Kdnet chosen = Predict("--model", trained.Student, "--out", _folder["chosen"], "--series", "11", Study);
        chosen.ExitCode.Should().Be(0, chosen.Error);
        File.Exists(_folder["chosen", "series-11_seg.nii.gz"]).Should().BeTrue();
    }

    [Theory]
    [InlineData("9", "there is no series '9'")]
    [InlineData("t2=7", "the network sees t1ce, not 't2'")]
    [InlineData("t1ce=7,7", "named before")]
    public void Series_that_are_not_there_or_do_not_fit_are_refused(string series, string message)
    {
        Assert.SkipUnless(HasDcm2niix, Missing);
        Write("t1ce", 7, Study);

        Kdnet run = Predict("--model", trained.Student, "--out", _folder["out"], "--series", series, Study);

        run.ExitCode.Should().Be(2);
        run.Error.ReplaceLineEndings(" ").Should().Contain(message);
    }

    [Fact]
    public void Where_dcm2niix_is_missing_one_sentence_names_it()
    {
        Write("t1ce", 7, Study);
        string[] before = TemporaryFolders();
        string message = FluentActions.Invoking(() => DicomFolder.Convert(Study, CancellationToken.None, "no-such-dcm2niix"))
            .Should().Throw<UsageException>().Which.Message;
        message.Should().Contain("apt install dcm2niix");
        RequireAnonymous(message);
        TemporaryFolders().Should().BeSubsetOf(before);
    }

    [Fact]
    public void Files_that_dcm2niix_cannot_read_are_reported()
    {
        Assert.SkipUnless(HasDcm2niix, Missing);
        Directory.CreateDirectory(Study);
        File.WriteAllBytes(Path.Combine(Study, "IM000"), [.. new byte[128], .. "DICM"u8, .. new byte[300]]);

        Kdnet run = Predict("--model", trained.Student, "--out", _folder["out"], Study);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("dcm2niix made no image");
        RequireAnonymous(run.Error);
    }

    [Fact]
    public void One_file_of_a_series_several_folders_and_series_without_a_folder_are_refused()
    {
        Write("t1ce", 7, Study);
        Write("t1ce", 7, _folder["other"]);

        Predict("--model", trained.Student, "--out", _folder["out"], Path.Combine(Study, "7", "IM000")).Error.Should().Contain("give the folder of its series");
        Predict("--model", trained.Student, "--out", _folder["out"], Study, _folder["other"]).Error.Should().Contain("one at a time");
        Predict("--model", trained.Student, "--out", _folder["out"], "--series", "7", "--threads", "1", trained.T1ce[0])
            .Error.Should().Contain("no folder of DICOM");
    }

    [Fact]
    public void A_folder_is_of_DICOM_where_a_file_at_any_depth_is_and_none_is_NIfTI()
    {
        Write("t1ce", 7, Path.Combine(Study, "a", "b"));
        File.WriteAllText(Path.Combine(Study, "README"), "short");
        DicomFolder.IsMeantBy(Study).Should().BeTrue();
        DicomFolder.IsMeantBy(trained.Data).Should().BeFalse();
        DicomFolder.IsMeantBy(_folder["absent"]).Should().BeFalse();
        File.Copy(trained.T1ce[0], Path.Combine(Study, "image.nii.gz"));
        DicomFolder.IsMeantBy(Study).Should().BeFalse();
    }

    private static Kdnet Predict(params string[] arguments) =>
        Kdnet.Run(["predict", .. arguments, .. arguments.Contains("--threads") ? [] : new[] { "--threads", "1" }]);

    private static string[] TemporaryFolders() => Directory.GetDirectories(Path.GetTempPath(), "kdnet-dicom-*");

    private static Volume<int> Labels(string file) => NiftiImage.Load(file).ToLabels().ReorientTo(Orientation.RAS);

    private static byte[] Content(string file)
    {
        using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal)
            ? new System.IO.Compression.GZipStream(File.OpenRead(file), System.IO.Compression.CompressionMode.Decompress)
            : File.OpenRead(file);
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private static void RequireAnonymous(string text) =>
        text.Should().NotContainAny(DicomSeriesFiles.PatientName, "Doe", DicomSeriesFiles.PatientId, DicomSeriesFiles.BirthDate);

    private void Write(string modality, int series, string folder) =>
        DicomSeriesFiles.Write(Whole(modality), Path.Combine(folder, $"{series}"), series, $"axial {modality}");

    // DICOM holds whole numbers.
    private Volume<float> Whole(string modality)
    {
        Volume<float> image = NiftiImage.Load(Case.Images[modality].Path).ToVolume();
        return new Volume<float>(image.Grid, [.. image.Voxels.Select(value => MathF.Round(value))]);
    }

    private string Rounded(string modality, string prefix = "")
    {
        string file = _folder[$"{prefix}{modality}.nii.gz"];
        NiftiImage.FromVolume(Whole(modality)).Save(file);
        return file;
    }
}
