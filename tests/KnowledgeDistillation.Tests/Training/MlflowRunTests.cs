using System.Diagnostics;
using System.Globalization;
using FluentAssertions;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class MlflowRunTests : IDisposable
{
    private static readonly string[] KeysOfRun =
    [
        "artifact_uri", "end_time", "entry_point_name", "experiment_id", "lifecycle_stage", "run_id", "run_name", "run_uuid", "source_name", "source_type",
        "source_version", "start_time", "status", "tags", "user_id",
    ];

    private readonly TemporaryFolder _folder = new();

    private string Store => _folder["mlruns"];

    private string Experiment => Directory.GetDirectories(Store).Should().ContainSingle(folder => Path.GetFileName(folder) != "0").Which;

    private string Run => Directory.GetDirectories(Experiment).Should().ContainSingle().Which;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_epochs_figures_are_written_as_MLflow_reads_them()
    {
        long before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        TrainingResult result = Fit(epochs: 2);

        foreach (EpochReport report in result.History)
        {
            Value("learning rate", report.Epoch).Should().Be(report.LearningRate);
            Value("epoch seconds", report.Epoch).Should().Be(report.Seconds);
            Value("training/loss", report.Epoch).Should().Be(report.Training.Total);
            Value("validation/loss", report.Epoch).Should().Be(report.Validation!.Total);
            Value("validation/KL", report.Epoch).Should().Be(report.Validation.Terms[2].Value);
            Value("training weighted/KL", report.Epoch).Should().Be(report.Training.Terms[2].Weighted);
            Value("gradient share/GT", report.Epoch).Should().Be(report.GradientShares!["GT"]);
        }

        Directory.GetFiles(Path.Combine(Run, "metrics"), "*", SearchOption.AllDirectories).Should().HaveCount(2 + 2 + (2 * 2 * 3) + 3)
            .And.AllSatisfy(file => File.ReadAllLines(file).Should().HaveCount(2));
        Lines("learning rate").Select(line => line.Time).Should().BeInAscendingOrder().And.OnlyContain(time => time >= before);
        Parameter("learning rate").Should().Be("0.1");
        File.ReadAllText(Path.Combine(Run, "tags", "mlflow.runName")).Should().Be("Ada's run");
    }

    [Fact]
    public void A_fit_that_was_killed_after_its_last_epoch_is_finished_when_it_is_resumed()
    {
        Fit(epochs: 2);
        string meta = Path.Combine(Run, "meta.yaml"), finished = File.ReadAllText(meta);
        var lines = Lines("learning rate");
        // What stands there until Finish is called.
        File.WriteAllText(meta, finished.Replace("status: 3", "status: 1", StringComparison.Ordinal));
        Meta(Run)["status"].Should().Be("1");

        Fit(epochs: 2, resume: true).ResumedEpochs.Should().Be(2, "no epoch was left to train");

        Meta(Run)["status"].Should().Be("3");
        Lines("learning rate").Should().Equal(lines, "nothing was trained, and each epoch ended when it ended");
        Meta(Run)["start_time"].Should().Be(finished.Split("start_time: ")[1].Split('\n')[0]);
    }

    [Fact]
    public void A_run_that_is_finished_is_not_written_again()
    {
        Fit(epochs: 2);
        SortedDictionary<string, string> before = Toy.Files(Store);
        Fit(epochs: 2, resume: true);
        Toy.Files(Store).Should().Equal(before);
    }

    [Fact]
    public void Without_a_history_a_fit_without_epochs_leaves_nothing()
    {
        using var run = new MlflowRun(Store, "Ada's run");
        run.Finish();
        run.Finish([]);
        Directory.Exists(Store).Should().BeFalse();
    }

    [Fact]
    public void Run_and_experiment_are_described_with_all_that_MLflow_asks_for()
    {
        Fit(epochs: 1);

        string id = Path.GetFileName(Experiment), run = Path.GetFileName(Run);
        id.Should().MatchRegex("^[1-9][0-9]{17}$");
        run.Should().MatchRegex("^[0-9a-f]{32}$");
        Dictionary<string, string> meta = Meta(Run);
        meta.Keys.Should().Equal(KeysOfRun);
        meta["artifact_uri"].Should().Be($"'./mlruns/{id}/{run}/artifacts'");
        meta["experiment_id"].Should().Be($"'{id}'");
        meta["run_id"].Should().Be($"'{run}'").And.Be(meta["run_uuid"]);
        meta["run_name"].Should().Be("'Ada''s run'");
        meta["lifecycle_stage"].Should().Be("active");
        meta["status"].Should().Be("3", "the fit has come to its end");
        long.Parse(meta["end_time"], CultureInfo.InvariantCulture)
            .Should().BeGreaterThanOrEqualTo(long.Parse(meta["start_time"], CultureInfo.InvariantCulture));

        Dictionary<string, string> experiment = Meta(Experiment);
        experiment.Keys.Should().Equal("artifact_location", "creation_time", "experiment_id", "last_update_time", "lifecycle_stage", "name");
        experiment["name"].Should().Be("'KnowledgeDistillation'");
        Meta(Path.Combine(Store, "0"))["name"].Should().Be("'Default'");
    }

    [Fact]
    public void No_name_of_a_case_and_no_absolute_path_is_written()
    {
        Fit(epochs: 1);

        foreach (string file in Directory.GetFiles(Store, "*", SearchOption.AllDirectories))
        {
            Path.GetRelativePath(Store, file).Should().NotContain("sphere");
            File.ReadAllText(file).Should().NotContain("sphere").And.NotContain(_folder.Root);
        }
    }

    [Fact]
    public void A_fit_that_is_resumed_goes_on_with_its_run_and_no_epoch_stands_there_twice()
    {
        TrainingResult first = Fit(epochs: 2);
        string run = Run;
        (long Time, double Value, int Epoch)[] before = Lines("training/loss");
        // A fit that was killed while it wrote: the last epoch is in its checkpoint, but only half in the log.
        File.WriteAllText(Metric("validation/loss"), string.Concat(File.ReadLines(Metric("validation/loss")).Take(1).Append("17900")));

        TrainingResult second = Fit(epochs: 4, resume: true);

        Run.Should().Be(run);
        Lines("training/loss").Select(line => line.Epoch).Should().Equal(0, 1, 2, 3);
        Lines("training/loss").Take(2).Should().Equal(before);
        Lines("validation/loss").Select(line => line.Value).Should().Equal(second.History.Select(report => report.Validation!.Total));
        second.History.Take(2).Select(report => report.Seconds).Should().Equal(first.History.Select(report => report.Seconds));
    }

    [Fact]
    public void A_fit_that_was_not_logged_at_first_is_written_whole_when_it_is_resumed()
    {
        Fit(epochs: 2, isLogged: false);
        Fit(epochs: 3, resume: true);

        Lines("learning rate").Select(line => line.Epoch).Should().Equal(0, 1, 2);
        Lines("learning rate").Select(line => line.Time).Should().BeInAscendingOrder();
    }

    [Fact]
    public void Another_fit_of_the_same_name_is_another_run()
    {
        Fit(epochs: 1);
        Fit(epochs: 1, folder: "other");

        Directory.GetDirectories(Experiment).Should().HaveCount(2);
    }

    [Theory]
    [InlineData("name: KnowledgeDistillation")]
    [InlineData("name: 'KnowledgeDistillation'")]
    public void An_experiment_that_MLflow_has_made_is_used(string line)
    {
        Directory.CreateDirectory(Path.Combine(Store, "5"));
        File.WriteAllText(Path.Combine(Store, "5", "meta.yaml"), $"experiment_id: '5'\n{line}\n");

        Fit(epochs: 1);

        Path.GetFileName(Experiment).Should().Be("5");
        Meta(Run)["experiment_id"].Should().Be("'5'");
        Directory.Exists(Path.Combine(Store, "0")).Should().BeFalse("the folder was not new");
    }

    [Fact]
    public void A_fit_that_fails_is_shown_as_failed_and_a_running_one_as_running()
    {
        string status = "";
        FluentActions.Invoking(() => Fit(epochs: 3, last: new ActionCallback(epoch: (history, _) =>
        {
            status = Meta(Run)["status"];
            if (history.Count == 2)
                throw new OperationCanceledException();
        }))).Should().Throw<OperationCanceledException>();

        status.Should().Be("1");
        Meta(Run)["status"].Should().Be("4");
    }

    [Theory]
    [InlineData("../../escape", "______escape")]
    [InlineData("T=5.0 (KL)", "T_5_0 _KL_")]
    public void Names_that_MLflow_does_not_allow_or_that_would_lead_elsewhere_are_changed(string name, string expected)
    {
        using var run = new MlflowRun(Store, "run", new Dictionary<string, string> { [name] = "x", [name + "."] = "y", [name + "/"] = "z" });
        var losses = new LossReport(1, [new TermValue(name, 1, double.NaN)]);
        using UNet3D network = Toy.Student();
        run.EpochEnded([new EpochReport(0, 1, losses, null, true, 1, null)], network);

        Directory.GetFiles(Path.Combine(Run, "params")).Select(Path.GetFileName).Should().BeEquivalentTo(expected, $"{expected}_", $"{expected}_ 2");
        File.ReadAllText(Metric($"training/{expected}")).Should().EndWith(" NaN 0\n");
        Directory.GetFileSystemEntries(_folder.Root).Should().ContainSingle();
    }

    [Theory]
    [InlineData("", "experiment")]
    [InlineData("two\nlines", "experiment")]
    [InlineData("run", " ")]
    [InlineData("run", "tab\t")]
    public void Empty_names_and_control_characters_are_refused(string name, string experiment) =>
        FluentActions.Invoking(() => new MlflowRun(Store, name, experiment: experiment)).Should().Throw<ArgumentException>();

    [Fact]
    public void Figures_are_written_in_every_culture_as_MLflow_reads_them()
    {
        Cultures.In("German", () => Fit(epochs: 1));
        File.ReadAllText(Metric("learning rate")).Should().MatchRegex("^[0-9]{13} 0\\.1 0\n$");
    }

    [Fact]
    public void A_reader_of_YAML_reads_the_descriptions()
    {
        Assert.SkipUnless(HasYaml(), "Needs python3 with yaml (Debian: python3-yaml).");
        Fit(epochs: 1);

        string printed = Python(
            "import sys, yaml; run, experiment = (yaml.safe_load(open(path + '/meta.yaml')) for path in sys.argv[1:]); "
                + "print(run['run_name'], run['status'], run['tags'], type(run['run_id']).__name__, type(run['experiment_id']).__name__, experiment['name'])",
            Run, Experiment).Output;

        printed.Trim().Should().Be("Ada's run 3 [] str str KnowledgeDistillation");
    }

    private static bool HasYaml()
    {
        try
        {
            return Python("import yaml").ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static (int ExitCode, string Output) Python(string program, params string[] arguments)
    {
        string system = "/usr/bin/python3";
        var start = new ProcessStartInfo(File.Exists(system) ? system : "python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-c", program, .. arguments])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    private static Dictionary<string, string> Meta(string folder) => File.ReadAllLines(Path.Combine(folder, "meta.yaml"))
        .Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1]);

    private TrainingResult Fit(int epochs, bool resume = false, bool isLogged = true, string folder = "run", ITrainingCallback? last = null)
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        using var run = new MlflowRun(Store, "Ada's run", new Dictionary<string, string> { ["learning rate"] = "0.1" });
        var options = new TrainingOptions
        {
            Epochs = epochs,
            LearningRate = 0.1,
            GradientSharesEvery = 1,
            OutputFolder = _folder[folder],
            Resume = resume,
            Callbacks = [.. isLogged ? [run] : Array.Empty<ITrainingCallback>(), .. last is null ? [] : new[] { last }],
        };
        TrainingResult result =
            new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options).Fit(Toy.Source(spheres), Toy.Source(spheres));
        run.Finish(result.History);
        return result;
    }

    private string Metric(string name) => Path.Combine([Run, "metrics", .. name.Split('/')]);

    private string Parameter(string name) => File.ReadAllText(Path.Combine(Run, "params", name));

    private (long Time, double Value, int Epoch)[] Lines(string metric) =>
    [
        .. File.ReadAllLines(Metric(metric)).Select(line => line.Split(' ')).Select(parts => (
            long.Parse(parts[0], CultureInfo.InvariantCulture),
            double.Parse(parts[1], CultureInfo.InvariantCulture),
            int.Parse(parts[2], CultureInfo.InvariantCulture))),
    ];

    private double Value(string metric, int epoch) => Lines(metric).Single(line => line.Epoch == epoch).Value;
}
