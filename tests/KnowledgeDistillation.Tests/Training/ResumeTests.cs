using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    private string Run => _folder["run"];

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Interrupted_after_any_epoch_and_resumed_a_fit_leaves_the_same_bits_as_in_one_go(bool withinAUsersScope)
    {
        // Batch norm and dropout in the student, an adapter and a critic with an optimizer of its own, a schedule that acts, shares that are measured.
        string whole = _folder["whole"];
        Fit(whole, epochs: 6);
        Fit(Run, epochs: 2);
        for (int epochs = 3; epochs <= 6; epochs++)
        {
            using DisposeScope? scope = withinAUsersScope ? NewDisposeScope() : null;
            Fit(Run, epochs, resume: true);
        }

        SortedDictionary<string, string> expected = Toy.Files(whole);
        SortedDictionary<string, string> actual = Toy.Files(Run);
        actual.Keys.Should().Equal(expected.Keys);
        actual.Keys.Should().Contain(
            [
                "best/weights.safetensors", "last/weights.safetensors", "last/optimizer.bin", "last/loss-0-adapter.safetensors",
                "last/loss-1-adversary.safetensors", "last/loss-1-adversary-optimizer.bin",
            ]);
        foreach (string file in expected.Keys.Where(name => name != "history.csv" && name != "last/training.json"))
            actual[file].Should().Be(expected[file], "{0} must not depend on the interruptions", file);
        WithoutSeconds(Run).Should().Equal(WithoutSeconds(whole));
    }

    [Fact]
    public void A_fit_goes_on_in_any_culture_and_leaves_the_same_bits()
    {
        string whole = _folder["whole"];
        Fit(whole, epochs: Cultures.Names.Length + 1);
        Fit(Run, epochs: 1);
        for (int i = 0; i < Cultures.Names.Length; i++)
            Cultures.In(Cultures.Names[i], () => Fit(Run, epochs: i + 2, resume: true));

        SortedDictionary<string, string> expected = Toy.Files(whole), actual = Toy.Files(Run);
        foreach (string file in expected.Keys.Where(name => name != "history.csv" && name != "last/training.json"))
            actual[file].Should().Be(expected[file], "{0} must not depend on the culture", file);
        WithoutSeconds(Run).Should().Equal(WithoutSeconds(whole));
    }

    [Fact]
    public void A_users_own_optimizer_is_resumed_too()
    {
        void Train(string folder, int epochs, bool resume)
        {
            using UNet3D network = Toy.Student(seed: resume ? 9 : 1);
            var options = new TrainingOptions
            {
                Epochs = epochs,
                OutputFolder = folder,
                Resume = resume,
                RestoreBestWeights = false,
                Optimizer = parameters => optim.SGD(parameters, learningRate: 0.05, momentum: 0.9),
                Schedule = new TorchSchedule(optimizer => optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)),
            };
            new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres));
        }

        Train(_folder["whole"], 4, resume: false);
        Train(Run, 2, resume: false);
        Train(Run, 4, resume: true);
        Toy.Files(Run)["last/weights.safetensors"].Should().Be(Toy.Files(_folder["whole"])["last/weights.safetensors"]);
        Toy.Files(Run)["last/optimizer.bin"].Should().Be(Toy.Files(_folder["whole"])["last/optimizer.bin"]);
    }

    [Fact]
    public void The_optimizer_of_a_critic_lives_on_after_a_fit_that_was_resumed_within_a_users_scope()
    {
        Fit(Run, epochs: 1);
        using ModuleAdapter student = Student(seed: 1);
        using ModuleAdapter teacher = Teacher();
        using var adapter = new AdapterLoss(4, 4);
        using var adversary = new AdversarialLoss(channels: 2);
        using (NewDisposeScope())
        {
            Trainer(student, teacher, adapter, adversary, Options(epochs: 2) with { OutputFolder = Run, Resume = true })
                .Fit(Toy.Source(_spheres), Toy.Source(_spheres));
        }

        byte[] before = Toy.Bits(adversary.Module);
        Trainer(student, teacher, adapter, adversary, Options(epochs: 1)).Fit(Toy.Source(_spheres), Toy.Source(_spheres));
        Toy.Bits(adversary.Module).Should().NotEqual(before);
    }

    [Fact]
    public void Resuming_a_finished_fit_returns_at_once_with_the_same_result()
    {
        TrainingResult first = Fit(Run, epochs: 3);
        SortedDictionary<string, string> before = Toy.Files(Run);
        var progress = new ListProgress();
        using ModuleAdapter student = Student(seed: 99);
        TrainingResult second = Fit(Run, epochs: 3, resume: true, student: student, progress: progress);

        progress.Reports.Should().BeEmpty();
        second.Should().BeEquivalentTo(first with { ResumedEpochs = 3 });
        Toy.Files(Run).Should().Equal(before);
        using SegmentationModel best = SegmentationModel.LoadInto(second.BestCheckpoint!, Student(seed: 5));
        Toy.Bits(student).Should().Equal(Toy.Bits(best.Network));
    }

    [Fact]
    public void Resuming_a_fit_that_stopped_early_returns_at_once()
    {
        TrainingResult Train(bool resume)
        {
            using UNet3D network = Toy.Student();
            var options = new TrainingOptions { Epochs = 9, EarlyStoppingPatience = 1, OutputFolder = Run, Resume = resume };
            return new SupervisedTrainer(network, Toy.Labels, options, new WeightedObjective("scripted", new ScriptedLoss(2, 1, 3)))
                .Fit(Toy.Source(_spheres), Toy.Source(_spheres, batchSize: 4));
        }

        TrainingResult first = Train(resume: false);
        (first.StopReason, first.History.Count).Should().Be((StopReason.StoppedEarly, 3));
        Train(resume: true).Should().BeEquivalentTo(first with { ResumedEpochs = 3 });
    }

    [Fact]
    public void Resume_begins_anew_where_there_is_no_run_yet()
    {
        Fit(Run, epochs: 1, resume: true).History.Should().HaveCount(1);
    }

    [Fact]
    public void A_folder_that_holds_a_run_is_not_overwritten()
    {
        Fit(Run, epochs: 1);
        SortedDictionary<string, string> before = Toy.Files(Run);
        FluentActions.Invoking(() => Fit(Run, epochs: 2)).Should().Throw<InvalidOperationException>().WithMessage($"*{Run}*already holds a run*Resume*");
        Toy.Files(Run).Should().Equal(before);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("an epoch short")]
    [InlineData("damaged")]
    public void What_a_kill_after_the_last_checkpoint_leaves_is_put_right_by_a_resume(string history)
    {
        Fit(Run, epochs: 2);
        string table = Path.Combine(Run, "history.csv");
        string[] lines = File.ReadAllLines(table);
        SortedDictionary<string, string> whole = Toy.Files(Run);
        File.Delete(table);
        if (history != "missing")
            File.WriteAllLines(table, history == "damaged" ? ["no table"] : lines[..^1]);
        string unfinished = $".tmp-{Guid.NewGuid():N}";
        foreach (string folder in new[] { "last.old", "best.old", $"last{unfinished}", $"best{unfinished}" })
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Run, folder)).FullName, "model.json"), "");
        File.WriteAllText(table + unfinished, "");

        Fit(Run, epochs: 2, resume: true);

        File.ReadAllLines(table).Should().Equal(lines);
        Toy.Files(Run).Should().Equal(whole);
        Directory.EnumerateFileSystemEntries(Run).Select(entry => Path.GetFileName(entry)).Should().BeEquivalentTo("best", "last", "history.csv");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_second_fit_in_a_folder_is_refused_while_the_first_is_at_work(bool resume)
    {
        Exception? refused = null;
        var second = new ActionCallback(epoch: (_, _) => refused ??= Record.Exception(() => Fit(Run, epochs: 2, resume: resume)));
        Fit(Run, epochs: 2, options: Options(2) with { Callbacks = [second] });
        Fit(_folder["alone"], epochs: 2);

        refused.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain(Run).And.Contain("Another fit is at work");
        WithoutSeconds(Run).Should().Equal(WithoutSeconds(_folder["alone"]), "the first is not disturbed");
        Fit(Run, epochs: 2, resume: true).ResumedEpochs.Should().Be(2, "the folder is free again");
    }

    [Fact]
    public void A_lock_that_a_killed_fit_left_behind_keeps_nobody_out()
    {
        Directory.CreateDirectory(Run);
        File.WriteAllText(Path.Combine(Run, "writer.lock"), "");

        Fit(Run, epochs: 1).History.Should().HaveCount(1);
        File.Exists(Path.Combine(Run, "writer.lock")).Should().BeFalse();
    }

    [Fact]
    public void A_changed_option_is_refused_by_name_and_nothing_is_changed()
    {
        Fit(Run, epochs: 1);
        SortedDictionary<string, string> before = Toy.Files(Run);
        (TrainingOptions Options, string Message)[] changes =
        [
            (Options(2) with { LearningRate = 0.5 }, "*LearningRate was 0.01 and is now 0.5*"),
            (Options(2) with { Seed = 8 }, "*Seed was 7 and is now 8*"),
            (Options(2) with { WeightDecay = 0.25 }, "*WeightDecay was 0 and is now 0.25*"),
            (Options(2) with { GradientClipNorm = 1 }, "*GradientClipNorm*is now 1*"),
            (Options(2) with { EarlyStoppingPatience = 3 }, "*EarlyStoppingPatience*is now 3*"),
            (
                Options(2) with { Schedule = new PlateauSchedule { Patience = 9 } },
                "*Schedule was PlateauSchedule*Patience = 1*is now PlateauSchedule*Patience = 9*"),
            (Options(2) with { Seed = 8, LearningRate = 0.5 }, "*LearningRate*Seed*"),
            (Options(2) with { LearningRate = null, Optimizer = parameters => optim.SGD(parameters, 0.1) }, "*Optimizer was Adam and is now custom*"),
        ];
        foreach ((TrainingOptions options, string message) in changes)
        {
            using ModuleAdapter student = Student(seed: 3);
            byte[] bits = Toy.Bits(student);
            FluentActions.Invoking(() => Fit(Run, epochs: 2, resume: true, student: student, options: options))
                .Should().Throw<CheckpointException>().WithMessage($"*training.json*{message}");
            Toy.Bits(student).Should().Equal(bits);
        }

        Toy.Files(Run).Should().Equal(before);
    }

    [Fact]
    public void A_changed_objective_is_refused_by_name()
    {
        void Train(double alpha, int epochs, bool resume, double temperature = 5)
        {
            using UNet3D teacher = Toy.Teacher();
            using UNet3D student = Toy.Student();
            var options = new TrainingOptions { Epochs = epochs, OutputFolder = Run, Resume = resume };
            new DistillationTrainer(
                student,
                new FrozenTeacher(teacher),
                Toy.Labels,
                options,
                KDNetObjective.Create(new KDNetObjectiveOptions { Alpha = alpha, SoftTargets = new() { Temperature = temperature } }))
                .Fit(Toy.Source(_spheres));
        }

        Train(alpha: 10, 1, resume: false);
        FluentActions.Invoking(() => Train(alpha: 10, 2, resume: true, temperature: 3)).Should().Throw<CheckpointException>()
            .WithMessage("*Objective was*\"Temperature\":5*is now*\"Temperature\":3*");
        FluentActions.Invoking(() => Train(alpha: 1, 2, resume: true)).Should().Throw<CheckpointException>().WithMessage("*Objective was*10 KL*is now*1 KL*");
    }

    [Fact]
    public void A_changed_schedule_of_another_library_is_noticed_by_the_learning_rate_it_gave()
    {
        void Train(int period, int epochs, bool resume)
        {
            using UNet3D network = Toy.Student();
            var options = new TrainingOptions
            {
                Epochs = epochs,
                OutputFolder = Run,
                Resume = resume,
                Schedule = new TorchSchedule(optimizer => optim.lr_scheduler.StepLR(optimizer, period, 0.1)),
            };
            new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres));
        }

        Train(period: 1, epochs: 2, resume: false);
        FluentActions.Invoking(() => Train(period: 5, epochs: 3, resume: true)).Should().Throw<CheckpointException>()
            .WithMessage("*learning rate of epoch 1*Schedule*");
        Train(period: 1, epochs: 3, resume: true);
    }

    [Fact]
    public void Another_network_is_refused()
    {
        Fit(Run, epochs: 1);
        using ModuleAdapter other = Toy.NetworkWithBuffers(seed: 1, dropout: 0.2, Toy.Modalities);
        FluentActions.Invoking(() => Fit(Run, epochs: 2, resume: true, student: other)).Should().Throw<CheckpointException>()
            .WithMessage("*weights*do not fit*enter.weight*");
    }

    [Theory]
    [InlineData("last/optimizer.bin")]
    [InlineData("last/weights.safetensors")]
    [InlineData("last/loss-1-adversary-optimizer.bin")]
    [InlineData("last/loss-0-adapter.safetensors")]
    public void A_file_with_one_flipped_bit_or_cut_short_or_missing_is_refused_by_name(string file)
    {
        Fit(Run, epochs: 1);
        string path = Path.Combine(Run, file);
        byte[] sound = File.ReadAllBytes(path);
        byte[] flipped = [.. sound];
        flipped[sound.Length / 2] ^= 1;
        foreach (byte[]? damaged in new[] { flipped, sound[..^3], [], null })
        {
            if (damaged is null)
                File.Delete(path);
            else
                File.WriteAllBytes(path, damaged);
            FluentActions.Invoking(() => Fit(Run, epochs: 2, resume: true))
                .Should().Throw<CheckpointException>().WithMessage($"*{Path.GetFileName(file)}*{(damaged is null ? "missing" : "damaged")}*");
        }
    }

    [Fact]
    public void A_damaged_state_is_refused_and_never_taken_for_an_empty_one()
    {
        Fit(Run, epochs: 1);
        string path = Path.Combine(Run, "last", "training.json");
        UncheckedJson.Make(path);
        string sound = File.ReadAllText(path);
        foreach (string damaged in new[]
        {
            "",
            sound.Replace("\"history\": [", "\"history\": [null, ", StringComparison.Ordinal),
            sound.Replace("\"Training\"", "\"Praining\"", StringComparison.Ordinal),
            sound.Replace("\"Terms\": [", "\"Terms\": [null, ", StringComparison.Ordinal),
            sound.Replace("\"Name\": \"", "\"Name\": \"un", StringComparison.Ordinal),
            sound.Replace("\"history\"", "\"history\": [], \"history\"", StringComparison.Ordinal),
            sound.Replace("\"Seed\": \"", "\"Seed\": \"\\ud800", StringComparison.Ordinal),
            "[1, 2]",
            sound[..(sound.Length / 2)],
            sound.Replace("\"history\"", "\"story\"", StringComparison.Ordinal),
            sound.Replace("\"options\"", "\"wishes\"", StringComparison.Ordinal),
            sound.Replace("\"files\"", "\"piles\"", StringComparison.Ordinal),
            sound.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal),
            sound.Replace("\"version\": 1", "\"version\": \"?\"", StringComparison.Ordinal),
            sound.Replace("KnowledgeDistillation training state", "something else", StringComparison.Ordinal),
            sound.Replace("\"IsBest\": true", "\"IsBest\": 7", StringComparison.Ordinal),
        })
        {
            damaged.Should().NotBe(sound);
            File.WriteAllText(path, damaged);
            FluentActions.Invoking(() => Fit(Run, epochs: 2, resume: true)).Should().Throw<CheckpointException>(damaged).WithMessage("*training.json*");
        }
    }

    [Fact]
    public void A_flipped_bit_in_a_state_never_gives_another_history()
    {
        Fit(Run, epochs: 1);
        string path = Path.Combine(Run, "last", "training.json"), history = Path.Combine(Run, "history.csv");
        byte[] sound = File.ReadAllBytes(path);
        string expected = File.ReadAllText(history);
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = [.. sound];
            damaged[random.Next(sound.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            try
            {
                Fit(Run, epochs: 1, resume: true);
            }
            catch (CheckpointException exception)
            {
                exception.Message.Should().Contain("training.json");
                continue;
            }

            File.ReadAllText(history).Should().Be(expected, $"flip {i} was not noticed");
        }
    }

    [Fact]
    public void What_a_crash_leaves_between_the_two_steps_of_a_replacement_does_not_confuse_a_resume()
    {
        Fit(_folder["whole"], epochs: 3);
        Fit(Run, epochs: 2);
        // The crash came after last had become last.old and before the new folder took its name; another left a half-written best.
        Directory.Move(Path.Combine(Run, "last"), Path.Combine(Run, "last.old"));
        Directory.Move(Path.Combine(Run, "best"), Path.Combine(Run, "best.old"));
        foreach (string leftover in new[] { "last.tmp-1234", "best.tmp-5678" })
        {
            Directory.CreateDirectory(Path.Combine(Run, leftover));
            File.WriteAllText(Path.Combine(Run, leftover, "model.json"), "{");
        }

        FluentActions.Invoking(() => Fit(Run, epochs: 3)).Should().Throw<InvalidOperationException>("the folder still holds a run");
        using (SegmentationModel model = SegmentationModel.LoadInto(Path.Combine(Run, "best"), Student(seed: 4)))
            model.Labels.Channels.Should().Be(2);
        Fit(Run, epochs: 3, resume: true).History.Should().HaveCount(3);
        Toy.Files(Run)["last/weights.safetensors"].Should().Be(Toy.Files(_folder["whole"])["last/weights.safetensors"]);
        Directory.GetDirectories(Run).Select(path => Path.GetFileName(path)).Should().NotContain(["last.tmp-1234", "last.old"]);
    }

    [Fact]
    public void A_missing_best_checkpoint_is_noticed_before_the_fit_goes_on()
    {
        Fit(Run, epochs: 1);
        Directory.Delete(Path.Combine(Run, "best"), recursive: true);
        FluentActions.Invoking(() => Fit(Run, epochs: 2, resume: true)).Should().Throw<CheckpointException>().WithMessage("*best*missing*");
    }

    [Fact]
    public void Losses_whose_names_differ_only_in_what_a_file_name_cannot_hold_keep_files_of_their_own()
    {
        byte[][] Train(int epochs, bool resume)
        {
            using ModuleAdapter student = Student(seed: 1);
            using ModuleAdapter teacher = Teacher();
            manual_seed(resume ? 50 : 40);
            using var first = new AdapterLoss(4, 4);
            using var second = new AdapterLoss(4, 4);
            var objective = new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("a/b", 1, first), new LossTerm("a b", 1, second));
            var options = new TrainingOptions { Epochs = epochs, OutputFolder = Run, Resume = resume };
            new DistillationTrainer(student, [new FrozenTeacher(teacher)], Toy.Labels, objective, options).Fit(Toy.Source(_spheres));
            return [Toy.Bits(first.Module), Toy.Bits(second.Module)];
        }

        byte[][] saved = Train(1, resume: false);
        byte[][] loaded = Train(1, resume: true);
        loaded[0].Should().Equal(saved[0]).And.NotEqual(saved[1]);
        loaded[1].Should().Equal(saved[1]);
    }

    [Fact]
    public void A_run_that_was_killed_in_mid_epoch_and_resumed_leaves_the_same_bits_as_one_that_was_not()
    {
        TrainingProcess.Start(_folder["whole"]).Should().Be(0);
        TrainingProcess.Start(Run, killAt: "2 2").Should().NotBe(0);
        Directory.Exists(Path.Combine(Run, "result")).Should().BeFalse();
        File.ReadAllLines(Path.Combine(Run, "history.csv")).Should().HaveCount(3, "two epochs were done");

        TrainingProcess.Start(Run).Should().Be(0);
        File.ReadAllLines(Path.Combine(Run, "history.csv")).Should().HaveCount(1 + TrainingProcess.Epochs);
        SortedDictionary<string, string> expected = Toy.Files(_folder["whole"]);
        SortedDictionary<string, string> actual = Toy.Files(Run);
        actual.Keys.Should().Equal(expected.Keys);
        foreach (string file in expected.Keys.Where(name => name != "history.csv" && name != "last/training.json"))
            actual[file].Should().Be(expected[file], "{0} must not depend on the kill", file);
    }

    private static ModuleAdapter Student(long seed) => Toy.NetworkWithBuffers(seed, dropout: 0.2, "faint");

    private static ModuleAdapter Teacher() => Toy.NetworkWithBuffers(seed: 2, dropout: 0, Toy.Modalities);

    private static TrainingOptions Options(int epochs) => new()
    {
        Epochs = epochs,
        LearningRate = 1e-2,
        Seed = 7,
        Schedule = new PlateauSchedule { Patience = 1, Factor = 0.5 },
        GradientSharesEvery = 2,
    };

    private static DistillationTrainer Trainer(
        IEncoderDecoder student,
        IEncoderDecoder teacher,
        AdapterLoss adapter,
        AdversarialLoss adversary,
        TrainingOptions options) => new(
            student,
            [new FrozenTeacher(teacher)],
            Toy.Labels,
            new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("adapter", 0.1, adapter), new LossTerm("adversary", 0.1, adversary)),
            options);

    private TrainingResult Fit(
        string folder,
        int epochs,
        bool resume = false,
        ModuleAdapter? student = null,
        TrainingOptions? options = null,
        ListProgress? progress = null)
    {
        // A resumed run begins with other random weights, so that whatever is not loaded shows.
        using ModuleAdapter? own = student is null ? Student(seed: resume ? 21 : 1) : null;
        using ModuleAdapter teacher = Teacher();
        manual_seed(resume ? 22 : 3);
        using var adapter = new AdapterLoss(4, 4);
        using var adversary = new AdversarialLoss(channels: 2);
        return Trainer(student ?? own!, teacher, adapter, adversary, (options ?? Options(epochs)) with { OutputFolder = folder, Resume = resume })
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres), progress);
    }

    private static string[] WithoutSeconds(string run)
    {
        string[] lines = File.ReadAllLines(Path.Combine(run, "history.csv"));
        int seconds = Array.IndexOf(lines[0].Split(','), "seconds");
        return [.. lines.Select(line => string.Join(',', line.Split(',').Where((_, column) => column != seconds)))];
    }
}
