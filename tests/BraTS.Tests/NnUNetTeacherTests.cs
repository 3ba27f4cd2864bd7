using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Samples.OwnData;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>A teacher that nnU-Net has trained teaches a student of ours.</summary>
public sealed class NnUNetTeacherTests : IDisposable
{
    private static readonly string[] Small =
        ["--crop", "16", "--subsample", "1", "--levels", "2", "--width", "4", "--threads", "1", "--folds", "1", "--student", "MR"];

    private readonly TemporaryFolder _folder = new();

    public NnUNetTeacherTests() => CtMrFolder.Write(_folder["data"], cases: 4);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_student_learns_from_it_and_goes_on_bit_for_bit()
    {
        string teacher = new NnUNetResults().Write(_folder.Root);
        byte[] before = File.ReadAllBytes(Path.Combine(teacher, "fold_0", "checkpoint_final.pth"));

        Kdnet whole = Train("whole", teacher, "--epochs", "4");
        Train("parts", Path.Combine(teacher, "fold_0"), "--epochs", "2").ExitCode.Should().Be(0);
        Kdnet resumed = Train("parts", Path.Combine(teacher, "fold_0", "checkpoint_final.pth"), "--epochs", "4", "--resume");

        whole.ExitCode.Should().Be(0, whole.Error);
        resumed.ExitCode.Should().Be(0, resumed.Error);
        whole.Error.Should().Contain("lie LPS").And.Contain("mirror images");
        Weights("parts").Should().Equal(Weights("whole"));
        File.ReadAllBytes(Path.Combine(teacher, "fold_0", "checkpoint_final.pth")).Should().Equal(before);
        Train("other", new NnUNetResults { Seed = 2 }.Write(_folder["second"]), "--epochs", "4").ExitCode.Should().Be(0);
        Weights("other").Should().NotEqual(Weights("whole"), "another teacher teaches something else");
        using var student = SegmentationModel.Load(_folder["whole"]);
        student.Network.Modalities.Should().Equal("MR");
        student.Metadata["teacher.weights"].Should().HaveLength(64);
    }

    [Fact]
    public void A_CT_is_normalized_by_the_numbers_of_the_teacher_for_the_student_too()
    {
        Kdnet run = Train("student", new NnUNetResults().Write(_folder.Root), "--epochs", "1", "--student", "CT");

        run.ExitCode.Should().Be(0, run.Error);
        using var student = SegmentationModel.Load(_folder["student"]);
        student.Metadata["preprocessing.normalization.CT"].Should().Be("ct -900 150 20.5 70.25");
    }

    [Fact]
    public void A_resumed_student_keeps_its_teacher()
    {
        string teacher = new NnUNetResults().Write(_folder["first"]), other = new NnUNetResults { Seed = 2 }.Write(_folder["second"]);
        Train("student", teacher, "--epochs", "1").ExitCode.Should().Be(0);
        Directory.Move(_folder["first"], _folder["moved"]);

        Train("student", other, "--epochs", "2", "--resume").Error.Should().Contain("the teacher is another");
        Train("student", Path.Combine(_folder["moved"], Path.GetFileName(teacher)), "--epochs", "2", "--resume").ExitCode.Should().Be(0);
    }

    [Fact]
    public void The_class_of_an_output_is_known_by_its_name()
    {
        string same = new NnUNetResults().Write(_folder["same"]);
        string turned = new NnUNetResults { Labels = """{ "background": 0, "Lesion": 1, "Organ": 2 }""" }.Write(_folder["turned"]);

        Train("same-student", same, "--epochs", "2").ExitCode.Should().Be(0);
        Kdnet run = Train("turned-student", turned, "--epochs", "2");

        run.ExitCode.Should().Be(0, run.Error);
        Weights("turned-student").Should().NotEqual(Weights("same-student"));
    }

    [Theory]
    [InlineData("spacing", "voxels of 1×1×3 mm, but those of this training are 1×1×1 mm", "--spacing")]
    [InlineData("normalization", "CT by zscore, here by ct; MR by none, here by zscorenonzero", "CT=zscore,MR=none")]
    [InlineData("scheme", "MR is normalized by RescaleTo01Normalization", "plans.json")]
    [InlineData("labels", "1=liver, 2=lesion, but those of the data set are 1=organ, 2=lesion", "dataset.json")]
    [InlineData("fewer labels", "1=organ, but those of the data set are 1=organ, 2=lesion", "dataset.json")]
    [InlineData("channels", "its channels are CT, PET, but the modalities of the data set are CT, MR", "dataset.json")]
    [InlineData("axes", "axes were turned", "transpose_forward")]
    [InlineData("width", "16 channels at 1/2 of the size", "BaseWidth 8 and Levels 2")]
    [InlineData("strides", "at a resolution that no U-Net here has", "hinton")]
    [InlineData("size", "The spatial size 16×16×16 does not fit", "--crop")]
    [InlineData("folds", "fold_0, fold_1", "the one that is meant")]
    [InlineData("no folder", "holds no results of nnU-Net", "plans.json")]
    public void What_does_not_fit_is_refused_by_name_before_any_work(string fault, string message, string wayOut)
    {
        var results = new NnUNetResults();
        results = fault switch
        {
            "spacing" => results with { Spacing = [3, 1, 1] },
            "normalization" => results with { Normalizations = ["ZScoreNormalization", "NoNormalization"] },
            "scheme" => results with { Normalizations = ["CTNormalization", "RescaleTo01Normalization"] },
            "labels" => results with { Labels = """{ "background": 0, "liver": 1, "lesion": 2 }""" },
            "fewer labels" => results with { Labels = """{ "background": 0, "organ": 1 }""" },
            "channels" => results with { Channels = """{ "0": "CT", "1": "PET" }""" },
            "axes" => results with { Axes = [1, 0, 2] },
            "width" => results with { Features = [4, 16] },
            "strides" => results with { Stride = [1, 2, 2] },
            "size" => results with { Stride = [3, 3, 3] },
            _ => results,
        };
        string teacher = results.Write(_folder.Root);
        if (fault == "folds")
            results.Write(_folder.Root, fold: 1);
        if (fault == "no folder")
            File.Delete(Path.Combine(teacher, "plans.json"));

        Kdnet run = Train("student", teacher, "--epochs", "1");

        run.ExitCode.Should().NotBe(0);
        run.Error.Should().Contain(message).And.Contain(wayOut).And.NotContain("   at ");
        Directory.Exists(_folder["student"]).Should().BeFalse("nothing was begun");
    }

    [Fact]
    public void The_ways_out_work()
    {
        string flat = new NnUNetResults { Stride = [1, 2, 2] }.Write(_folder["flat"]), wide = new NnUNetResults { Features = [4, 16] }.Write(_folder["wide"]);
        string far = new NnUNetResults { Spacing = [2, 1, 1] }.Write(_folder["far"]);
        string zscore = new NnUNetResults { Normalizations = ["ZScoreNormalization", "NoNormalization"] }.Write(_folder["zscore"]);

        Kdnet[] runs =
        [
            Train("of-flat", flat, "--epochs", "1", "--system", "hinton"),
            Train("of-flat-too", flat, "--epochs", "1", "--system", "generalized"),
            Train("of-wide", wide, "--epochs", "1", "--width", "8"),
            Train("of-far", far, "--epochs", "1", "--spacing", "1,1,2"),
            Train("of-zscore", zscore, "--epochs", "1", "--normalization", "CT=zscore,MR=none"),
        ];

        runs.Should().AllSatisfy(run => run.ExitCode.Should().Be(0, run.Error));
    }

    [Fact]
    public void A_system_without_a_teacher_refuses_one_of_nnUNet()
    {
        Kdnet run = Train("baseline", new NnUNetResults().Write(_folder.Root), "--epochs", "1", "--system", "baseline");

        run.Error.Should().Contain("learns without a teacher").And.Contain("--teacher-weights");
    }

    [Fact]
    public void A_network_of_MONAI_teaches_once_it_is_saved_with_its_preprocessing()
    {
        string images = _folder["data"], folder = _folder["monai"];
        DatasetDescription data = MedicalDataset.Describe(images);
        var options = new PlainConvUNetOptions
        {
            Modalities = data.Modalities,
            OutputChannels = data.Labels.Classes.Channels,
            Features = [4, 8],
            KernelSizes = [[3, 3, 3], [3, 3, 3]],
            Strides = [[1, 1, 1], [2, 2, 2]],
            ConvolutionBias = false,
        };
        var network = new PlainConvUNet(options);
        var preprocessing = new PreprocessingOptions
        {
            CropSize = VolumeSize.Cube(16),
            SubsamplingFactor = 1,
            Normalizations = new Dictionary<string, Normalization> { ["CT"] = Normalization.ZScore },
        };
        var facts = new Dictionary<string, string>(PreprocessingMetadata.Write(preprocessing)) { ["labels"] = data.Labels.ToText() };
        using (var model = new SegmentationModel(network, data.Labels.Classes, facts))
            model.Save(folder);

        Kdnet run = Kdnet.Run([
            "train", "--data", _folder["data"], "--out", _folder["student"], "--teacher", _folder["monai"], .. Small, "--epochs", "1", "--system", "kd-net",
            "--normalization", "CT=zscore"]);

        run.ExitCode.Should().Be(0, run.Error);
    }

    private byte[] Weights(string run) => File.ReadAllBytes(_folder[run, "last", "weights.safetensors"]);

    private Kdnet Train(string name, string teacher, params string[] more)
    {
        string[] all = ["train", "--data", _folder["data"], "--out", _folder[name], "--teacher-weights", teacher, .. Small, .. more];
        // What is given again counts as it was given last.
        List<string> arguments = [];
        for (int i = 0; i < all.Length; i++)
        {
            bool isRepeated = all[i].StartsWith("--", StringComparison.Ordinal) && Array.IndexOf(all, all[i], i + 1) > 0;
            if (isRepeated)
                i++;
            else
                arguments.Add(all[i]);
        }

        return Kdnet.Run([.. arguments, .. arguments.Contains("--system") ? Array.Empty<string>() : ["--system", "kd-net"]]);
    }
}
