using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class TrainCommandTests(TrainedNetworks trained)
{
    [Fact]
    public void A_run_that_was_resumed_has_the_weights_of_one_that_was_not_interrupted()
    {
        string whole = trained.In("whole"), parts = trained.In("parts");
        Train(whole, "2").ExitCode.Should().Be(0);
        Train(parts, "1").ExitCode.Should().Be(0);
        Train(parts, "2", "--resume").ExitCode.Should().Be(0);

        File.ReadAllBytes(Path.Combine(parts, "last", "weights.safetensors"))
            .Should().Equal(File.ReadAllBytes(Path.Combine(whole, "last", "weights.safetensors")));
        File.ReadAllLines(Path.Combine(parts, "history.csv")).Should().HaveCount(3);
    }

    [Theory]
    [InlineData("acn")]
    [InlineData("smu-net")]
    public void A_student_and_its_teacher_learn_together_and_both_can_be_used_and_go_on(string system)
    {
        string whole = trained.In($"{system}-whole"), parts = trained.In($"{system}-parts");
        Together(whole, "2").ExitCode.Should().Be(0);
        Together(parts, "1").ExitCode.Should().Be(0);
        Together(parts, "2", "--resume").ExitCode.Should().Be(0);
        foreach (string weights in new[] { Path.Combine("last", "weights.safetensors"), Path.Combine("last", "teacher", "weights.safetensors") })
            File.ReadAllBytes(Path.Combine(parts, weights)).Should().Equal(File.ReadAllBytes(Path.Combine(whole, weights)));

        string taught = Path.Combine(whole, "last", "teacher");
        using (SegmentationModel student = SegmentationModel.Load(Path.Combine(whole, "best")), teacher = SegmentationModel.Load(taught))
        {
            student.Network.Modalities.Should().Equal("t1ce");
            teacher.Network.Modalities.Should().HaveCount(4);
        }

        Kdnet scored = Kdnet.Run("evaluate", "--data", trained.Data, "--model", whole, "--out", trained.In($"{system}.csv"), "--threads", "1");
        scored.ExitCode.Should().Be(0, scored.Error);
        Kdnet ofTeacher = Kdnet.Run(
            "evaluate", "--data", trained.Data, "--model", taught, "--out", trained.In($"{system}-teacher.csv"), "--threads", "1");
        ofTeacher.ExitCode.Should().Be(0, ofTeacher.Error);
        string file = trained.In($"{system}.nii");
        Kdnet.Run("predict", "--model", whole, "--out", file, "--threads", "1", trained.T1ce[0]).ExitCode.Should().Be(0);
        File.Exists(file).Should().BeTrue();
        Kdnet next = Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--cache", trained.In("cache"), "--out", trained.In($"{system}-next"),
                "--teacher", taught, .. TrainedNetworks.SmallTraining,
            ]);
        next.ExitCode.Should().Be(0, next.Error);
        next.Error.Should().NotContain("not as a teacher");

        Kdnet withTeacher = Kdnet.Run(
            ["train", "--system", system, "--data", trained.Data, "--out", trained.In("no"), "--teacher", trained.Teacher, .. TrainedNetworks.SmallTraining]);
        withTeacher.ExitCode.Should().Be(2);
        withTeacher.Error.Should().Contain($"The system '{system}' trains its teacher itself: leave --teacher out.");

        Kdnet Together(string folder, string epochs, params string[] more) => Kdnet.Run(
            [
                "train", "--system", system, "--data", trained.Data, "--cache", trained.In("cache"), "--out", folder,
                .. TrainedNetworks.SmallTrainingWith("--epochs", epochs), .. more,
            ]);
    }

    [Fact]
    public void A_run_is_neither_overwritten_nor_continued_with_other_settings()
    {
        Kdnet again = Student(TrainedNetworks.SmallTraining);
        again.ExitCode.Should().Be(2);
        again.Error.Should().Contain("--resume");

        Kdnet otherObjective = Student([.. TrainedNetworks.SmallTrainingWith("--lambda", "0.5"), "--resume"]);
        otherObjective.ExitCode.Should().Be(2);
        otherObjective.Error.Should().Contain("lambda was 0.75 and is now 0.5");

        Kdnet otherNetwork = Student([.. TrainedNetworks.SmallTrainingWith("--width", "4"), "--resume"]);
        otherNetwork.ExitCode.Should().Be(2);
        otherNetwork.Error.Should().Contain("BaseWidth of the network was 2 and is now 4");
    }

    [Fact]
    public void A_teacher_whose_images_were_prepared_otherwise_is_refused()
    {
        Kdnet run = Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--out", trained.In("unfit"), "--teacher",
                trained.Teacher, .. TrainedNetworks.SmallTrainingWith("--subsample", "1"),
            ]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("preprocessing.subsampling was 2 and is now 1");
    }

    [Fact]
    public void A_teacher_of_another_width_is_refused_before_anything_is_prepared()
    {
        Kdnet run = Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--out", trained.In("too-wide"), "--teacher",
                trained.Teacher, .. TrainedNetworks.SmallTrainingWith("--width", "4"),
            ]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("The teacher does not fit this student").And.Contain("shape");
        Directory.Exists(trained.In("too-wide")).Should().BeFalse();
    }

    [Fact]
    public void A_student_that_is_given_as_teacher_is_warned_of()
    {
        Kdnet run = Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--out", trained.In("from-student"), "--cache", trained.In("cache"), "--teacher",
                trained.Student, .. TrainedNetworks.SmallTraining,
            ]);

        run.ExitCode.Should().Be(0);
        run.Error.Should().Contain("was trained as kd-net, not as a teacher");
    }

    [Fact]
    public void A_distillation_goes_on_where_its_folders_were_moved_but_not_with_another_teacher()
    {
        string here = trained.In("here"), there = trained.In("there");
        StoredFiles.Copy(trained.Teacher, Path.Combine(here, "teacher"));
        Distil(here, "1").ExitCode.Should().Be(0);
        Directory.Move(here, there);
        Distil(there, "2", "--resume").ExitCode.Should().Be(0);

        Directory.Delete(Path.Combine(there, "teacher"), recursive: true);
        Kdnet.Run(
            [
                "train", "--system", "teacher", "--data", trained.Data, "--cache", trained.In("cache"), "--out", Path.Combine(there, "teacher"),
                .. TrainedNetworks.SmallTrainingWith("--learning-rate", "1e-3"),
            ])
            .ExitCode.Should().Be(0);
        Kdnet other = Distil(there, "3", "--resume");
        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("the teacher is another");

        Kdnet Distil(string folder, string epochs, params string[] more) => Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--cache", trained.In("cache"), "--out", Path.Combine(folder, "student"),
                "--teacher", Path.Combine(folder, "teacher"), .. TrainedNetworks.SmallTrainingWith("--epochs", epochs), .. more,
            ]);
    }

    [Fact]
    public void A_training_goes_on_where_its_data_were_moved_but_not_with_other_images_under_the_same_names()
    {
        string here = trained.In("data-here"), there = trained.In("data-there"), run = trained.In("of-moved-data");
        StoredFiles.Copy(trained.Data, here);
        Teach(here, "1").ExitCode.Should().Be(0);
        Directory.Move(here, there);
        Teach(there, "2", "--resume").ExitCode.Should().Be(0);

        // Of all cases, so that one of those is meant from which the network learns.
        foreach (string image in Directory.EnumerateFiles(there, "*_t2.nii.gz", SearchOption.AllDirectories))
            File.Copy(image.Replace("_t2.", "_flair.", StringComparison.Ordinal), image, overwrite: true);
        Kdnet changed = Teach(there, "3", "--resume");
        changed.ExitCode.Should().Be(2);
        changed.Error.Should().Contain("the files of the cases have changed, though their names are the same");

        Kdnet Teach(string data, string epochs, params string[] more) => Kdnet.Run(
            [
                "train", "--system", "teacher", "--data", data, "--cache", trained.In("cache"), "--out", run,
                .. TrainedNetworks.SmallTrainingWith("--epochs", epochs), .. more,
            ]);
    }

    [Fact]
    public void A_checkpoint_names_neither_cases_nor_places()
    {
        foreach (string folder in new[] { trained.Teacher, trained.Student })
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories))
                File.ReadAllText(file).Should().NotContain("PHANTOM").And.NotContain(trained.Folder, file);
        }
    }

    [Fact]
    public void A_run_is_logged_for_MLflow_with_its_settings_and_goes_on_there_when_it_is_resumed()
    {
        string folder = trained.In("logged"), store = trained.In("mlruns");
        string[] command = ["train", "--system", "baseline", "--data", trained.Data, "--out", folder, "--cache", trained.In("cache"), "--mlflow", store];
        Kdnet.Run([.. command, .. TrainedNetworks.SmallTraining]).ExitCode.Should().Be(0);
        Kdnet.Run([.. command, .. TrainedNetworks.SmallTrainingWith("--epochs", "2"), "--resume"]).ExitCode.Should().Be(0);

        string run = Directory.GetDirectories(store).Where(experiment => Path.GetFileName(experiment) != "0").SelectMany(Directory.GetDirectories)
            .Should().ContainSingle().Which;
        File.ReadAllLines(Path.Combine(run, "metrics", "validation", "loss")).Should().HaveCount(2);
        File.ReadAllText(Path.Combine(run, "tags", "mlflow.runName")).Should().Be("baseline");
        Dictionary<string, string> parameters =
            Directory.GetFiles(Path.Combine(run, "params")).ToDictionary(file => Path.GetFileName(file), File.ReadAllText);
        parameters.Should().Contain("crop", "16").And.Contain("epochs", "2").And.Contain("system", "baseline").And.Contain("seen modalities", "t1ce");
        File.ReadAllLines(Path.Combine(run, "meta.yaml")).Should().Contain("status: 3");
        string all = string.Concat(Directory.GetFiles(store, "*", SearchOption.AllDirectories).Select(file => file[store.Length..] + File.ReadAllText(file)));
        all.Should().NotContain(trained.Folder).And.NotContainAny(MedicalDataset.Open(trained.Data).Cases.Select(item => item.Id));
    }

    [Fact]
    public void A_resume_that_has_nothing_to_do_says_so()
    {
        string folder = trained.In("ended");
        Train(folder, "1").ExitCode.Should().Be(0);
        Kdnet again = Train(folder, "1", "--resume");

        again.ExitCode.Should().Be(0);
        again.Output.Should().Contain("had ended already, after 1 epochs: nothing was trained");
    }

    [Fact]
    public void A_teacher_that_has_seen_the_test_cases_is_warned_of()
    {
        Kdnet run = Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--out", trained.In("leak"), "--teacher",
                trained.Teacher, .. TrainedNetworks.SmallTraining, "--fold", "2",
            ]);

        run.ExitCode.Should().Be(0);
        run.Error.Should().Contain("the teacher has learned from");
    }

    [Theory]
    [InlineData("kd-net", "needs a trained teacher", "--alpha", "1")]
    [InlineData("baseline", "(--alpha)", "--alpha", "1")]
    [InlineData("no-such-system", "no-such-system", "--alpha", "1")]
    public void A_system_that_cannot_be_trained_as_asked_is_refused(string system, string message, string option, string value)
    {
        string folder = trained.In("refused-system");
        Kdnet run = Kdnet.Run(["train", "--system", system, "--data", trained.Data, "--out", folder, .. TrainedNetworks.SmallTraining, option, value]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(message);
        Directory.Exists(folder).Should().BeFalse();
    }

    [Fact]
    public void Several_teachers_teach_together_and_have_seen_other_validation_cases()
    {
        string second = trained.In("teacher-part-2"), student = trained.In("student-of-two");
        Kdnet.Run(
            [
                "train", "--system", "teacher", "--data", trained.Data, "--out", second, "--cache",
                trained.In("cache"), .. TrainedNetworks.SmallTraining, "--validation-part", "2",
            ])
            .ExitCode.Should().Be(0);
        Kdnet run = Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--out", student, "--cache", trained.In("cache"),
                "--teacher", trained.Teacher, second, .. TrainedNetworks.SmallTraining,
            ]);
        Kdnet critic = Kdnet.Run(
            [
                "train", "--system", "structured", "--data", trained.Data, "--out", trained.In("critic-of-two"), "--cache",
                trained.In("cache"), "--teacher", trained.Teacher, second, .. TrainedNetworks.SmallTraining,
            ]);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        Cases(second, "cases.validation").Should().NotIntersectWith(Cases(trained.Teacher, "cases.validation"));
        Cases(second, "cases.seen").Should().BeEquivalentTo(Cases(trained.Teacher, "cases.seen"), "the test cases are left out by both");
        File.ReadAllText(Path.Combine(student, "last", "training.json")).Should().Contain("TeacherMeanLoss");
        critic.ExitCode.Should().Be(2);
        critic.Error.Should().Contain("one teacher");
    }

    [Fact]
    public void A_network_on_slices_is_trained_taught_scored_and_used()
    {
        string teacher = trained.In("teacher-2d"), student = trained.In("student-2d");
        string[] slices = [.. TrainedNetworks.SmallTraining, "--network", "unet2d"];
        Kdnet.Run(["train", "--system", "teacher", "--data", trained.Data, "--out", teacher, "--cache", trained.In("cache"), .. slices])
            .ExitCode.Should().Be(0);
        Kdnet mixed = Kdnet.Run(
            ["train", "--system", "kd-net", "--data", trained.Data, "--out", student, "--cache", trained.In("cache"), "--teacher", trained.Teacher, .. slices]);
        Kdnet.Run(["train", "--system", "kd-net", "--data", trained.Data, "--out", student, "--cache", trained.In("cache"), "--teacher", teacher, .. slices])
            .ExitCode.Should().Be(0);
        Kdnet scored = Kdnet.Run("evaluate", "--data", trained.Data, "--model", student, "--out", trained.In("slices.csv"), "--threads", "1");
        Kdnet used = Kdnet.Run("predict", "--model", student, "--out", trained.In("slices"), "--threads", "1", trained.T1ce[0]);

        mixed.ExitCode.Should().Be(2);
        mixed.Error.Should().Contain("sees volumes, but the student slices");
        scored.ExitCode.Should().Be(0);
        used.ExitCode.Should().Be(0);
    }

    [Fact]
    public void A_system_without_a_teacher_refuses_one()
    {
        Kdnet run = Kdnet.Run(
            [
                "train", "--system", "baseline", "--data", trained.Data, "--out", trained.In("refused-teacher"),
                "--teacher", trained.Teacher, .. TrainedNetworks.SmallTraining,
            ]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("leave --teacher out");
    }

    [Fact]
    public void A_cancelled_training_says_how_to_go_on()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        string folder = trained.In("cancelled");
        Kdnet run = Kdnet.Run(cancellation.Token, ["train", "--system", "teacher", "--data", trained.Data, "--out", folder, .. TrainedNetworks.SmallTraining]);

        run.ExitCode.Should().Be(130);
        run.Error.Should().Contain($"kdnet train --system teacher --data {trained.Data} --out {folder}").And.Contain("--resume");
    }

    [Theory]
    [InlineData("--epochs", "0")]
    [InlineData("--learning-rate", "-1")]
    [InlineData("--levels", "5")]
    [InlineData("--width", "3")]
    [InlineData("--fold", "9")]
    [InlineData("--device", "abacus")]
    [InlineData("--data", "no-such-folder")]
    public void Wrong_options_are_refused_with_exit_code_2_before_anything_is_written(string option, string value)
    {
        string folder = trained.In("refused");
        string[] data = option == "--data" ? [] : ["--data", trained.Data];
        Kdnet run = Kdnet.Run(["train", "--system", "teacher", "--out", folder, .. data, .. TrainedNetworks.SmallTrainingWith(option, value)]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().NotBeEmpty().And.NotContain("   at ");
        Directory.Exists(folder).Should().BeFalse();
    }

    [Fact]
    public void A_network_that_learned_at_another_spacing_predicts_on_the_grid_of_the_image()
    {
        string run = trained.In("coarse"), output = trained.In("coarse-predicted");
        NiftiImage image = NiftiImage.Load(trained.T1ce[0]);
        double coarse = 1.5 * image.Grid.Spacing.X;
        Kdnet training = Kdnet.Run(
            [
                "train", "--system", "baseline", "--data", trained.Data, "--out", run, "--cache", trained.In("cache"), "--levels", "2", "--width", "2",
                "--epochs", "1", "--threads", "1", "--crop", "12", "--subsample", "1", "--spacing", FormattableString.Invariant($"{coarse}"),
            ]);
        Kdnet prediction = Kdnet.Run("predict", "--model", run, "--out", output, "--threads", "1", trained.T1ce[0]);
        Kdnet scores = Kdnet.Run("evaluate", "--data", trained.Data, "--model", run, "--out", trained.In("coarse.csv"), "--threads", "1");

        foreach (Kdnet command in new[] { training, prediction, scores })
        {
            command.Error.Should().BeEmpty();
            command.ExitCode.Should().Be(0);
        }

        NiftiImage.Load(Directory.GetFiles(output, "*.nii.gz").Single()).Grid.CoincidesWith(image.Grid).Should().BeTrue();
        using SegmentationModel model = SegmentationModel.Load(run);
        model.Metadata["preprocessing.spacing"].Should().Be(FormattableString.Invariant($"{coarse}"));
    }

    private static string[] Cases(string run, string fact)
    {
        using SegmentationModel model = SegmentationModel.Load(Path.Combine(run, "last"));
        return model.Metadata[fact].Split(':')[^1].Split(',');
    }

    private Kdnet Train(string folder, string epochs, params string[] more) =>
        Kdnet.Run(
            [
                "train", "--system", "baseline", "--data", trained.Data, "--out", folder, "--cache", trained.In("cache"), "--crop",
                "16", "--levels", "2", "--width", "2", "--threads", "1", "--epochs", epochs, .. more,
            ]);

    private Kdnet Student(params string[] options) =>
        Kdnet.Run(
            [
                "train", "--system", "kd-net", "--data", trained.Data, "--out", trained.Student, "--cache",
                trained.In("cache"), "--teacher", trained.Teacher, .. options,
            ]);
}
