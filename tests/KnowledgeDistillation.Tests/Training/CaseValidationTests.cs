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
    }

    [Fact]
    public void A_rhythm_below_1_is_refused() =>
        FluentActions.Invoking(() => Fit("none", epochs: 1, every: 0)).Should().Throw<ArgumentException>().WithMessage("*CaseValidation*");

    private TrainingResult Fit(string name, int epochs, int? every, int window = 8, BestEpochRule rule = BestEpochRule.Dice)
    {
        using UNet3D network = Toy.Student();
        TrainingOptions options = new()
        {
            Epochs = epochs,
            LearningRate = 1e-2,
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
}
