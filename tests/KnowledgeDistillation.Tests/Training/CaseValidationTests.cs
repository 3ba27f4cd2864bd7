using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class CaseValidationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Whole_cases_are_measured_every_so_many_epochs_and_in_the_first_and_the_last()
    {
        TrainingResult result = Fit("run", epochs: 6, every: 3);

        result.History.Select(report => report.ValidationDice is not null).Should().Equal(true, false, false, true, false, true);
        result.History.Where(report => report.IsBest).Should().OnlyContain(report => report.ValidationDice != null);
        result.Best.ValidationDice.Should().Be(result.History.Max(report => report.ValidationDice));
        new TrainingRun(_folder["run"]).ReadHistory().Select(report => report.ValidationDice)
            .Should().Equal(result.History.Select(report => report.ValidationDice));
    }

    [Fact]
    public void The_Dice_is_that_of_the_masks_that_the_inference_gives()
    {
        // The window is the whole case, so that it is the network's own.
        double whole = Fit("whole", epochs: 1, every: 1).History[0].ValidationDice!.Value;
        double usual = Fit("usual", epochs: 1, every: null).History[0].ValidationDice!.Value;
        double windows = Fit("windows", epochs: 1, every: 1, window: 4).History[0].ValidationDice!.Value;

        whole.Should().BeApproximately(usual, 1e-9);
        windows.Should().NotBe(whole);
    }

    [Fact]
    public void A_fit_goes_on_bit_by_bit_and_not_with_another_rhythm()
    {
        Fit("one", epochs: 5, every: 2);
        Fit("parts", epochs: 3, every: 2);
        Fit("parts", epochs: 5, every: 2);

        File.ReadAllBytes(_folder["parts", "last", "weights.safetensors"]).Should().Equal(File.ReadAllBytes(_folder["one", "last", "weights.safetensors"]));
        FluentActions.Invoking(() => Fit("parts", epochs: 6, every: 3)).Should().Throw<CheckpointException>().WithMessage("*CaseValidation*every 2*every 3*");
        FluentActions.Invoking(() => Fit("parts", epochs: 6, every: null)).Should().Throw<CheckpointException>().WithMessage("*CaseValidation*not set*");
    }

    [Fact]
    public void By_the_loss_the_best_epoch_is_that_of_the_loss_whatever_the_Dice()
    {
        TrainingResult result = Fit("loss", epochs: 4, every: 2, rule: BestEpochRule.Loss);

        result.Best.Validation!.Total.Should().Be(result.History.Min(report => report.Validation!.Total));
        // Nothing needs the Dice, so whole cases are not segmented.
        result.History.Should().OnlyContain(report => report.ValidationDice == null);
    }

    [Fact]
    public void Patience_counts_the_epochs_in_which_whole_cases_were_measured()
    {
        // So small a rate that no mask changes: the first epoch stays the best.
        TrainingResult result = Fit("patience", epochs: 30, every: 5, patience: 3, learningRate: 1e-12);

        result.StopReason.Should().Be(StopReason.StoppedEarly);
        result.History.Should().HaveCount(16, "epochs 5, 10 and 15 were measured and no better than epoch 0");
        result.Best.Epoch.Should().Be(0);
    }

    [Fact]
    public void A_fit_does_not_go_on_with_another_inference()
    {
        SlidingWindowOptions options = new() { WindowSize = [8, 8, 8] };
        string[] texts =
        [
            Text(new SlidingWindowInference(options)),
            Text(new SlidingWindowInference(options with { Overlap = 0.25 })),
            Text(new SlidingWindowInference(options with { GaussianWidth = 0.5 })),
            Text(new SlidingWindowInference(options with { SkipBackground = true })),
            Text(new SlidingWindowInference(options with { WindowSize = [8, 8, 4] })),
            Text(new SliceInference()),
            Text(new SliceInference(new() { Axis = 1 })),
            Text(new WholeVolumeInference()),
        ];

        texts.Should().OnlyHaveUniqueItems();
        texts[0].Should().Be(
            "every 2 epochs by SlidingWindowInference (window 8×8×8, overlap 0.5, Gaussian width 0.125, background not skipped, precision Full)");
        Fit("window", epochs: 1, every: 2);
        FluentActions.Invoking(() => Fit("window", epochs: 2, every: 2, window: 4)).Should().Throw<CheckpointException>()
            .WithMessage("*CaseValidation*8×8×8*4×4×4*");

        string Text(IInference inference) => new CaseValidation(Toy.Source(_spheres), inference, 2).ToString();
    }

    [Fact]
    public void Validation_without_cases_is_refused_without_a_word_of_learning()
    {
        using UNet3D network = Toy.Student();
        var trainer = new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = 1 });

        trainer.Invoking(each => each.Fit(Toy.Source(_spheres), new NoBatches())).Should().Throw<InvalidOperationException>()
            .WithMessage("The batch source NoBatches gives no batches: give it at least one case.");
    }

    [Fact]
    public void A_rhythm_below_1_is_refused() =>
        FluentActions.Invoking(() => Fit("none", epochs: 1, every: 0)).Should().Throw<ArgumentException>().WithMessage("*CaseValidation*");

    private TrainingResult Fit(
        string name,
        int epochs,
        int? every,
        int window = 8,
        BestEpochRule rule = BestEpochRule.Dice,
        int? patience = null,
        double learningRate = 1e-2)
    {
        using UNet3D network = Toy.Student();
        TrainingOptions options = new()
        {
            Epochs = epochs,
            LearningRate = learningRate,
            EarlyStoppingPatience = patience,
            Precision = KnowledgeDistillation.Runtime.Precision.Full,
            BestEpoch = rule,
            OutputFolder = _folder[name],
            Resume = true,
            CaseValidation = every is { } rhythm
                ? new CaseValidation(
                    Toy.Source(_spheres, 1, shuffleSeed: null),
                    new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [window, window, window] }),
                    rhythm)
                : null,
        };
        return new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres), Toy.Source(_spheres, 4, shuffleSeed: null));
    }

    private sealed class NoBatches : IBatchSource
    {
        public int BatchCount => 0;

        public IEnumerable<Batch> ReadEpoch(int epoch) => [];
    }
}
