using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class BestEpochTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void By_dice_the_epoch_with_the_best_masks_is_kept_though_its_loss_is_higher(int batchSize)
    {
        using UNet3D network = Toy.Student();
        List<double> dice = [];
        List<byte[]> bits = [];
        var options = ByDice(epochs: 5) with
        {
            Callbacks = [new ActionCallback(epoch: (_, trained) =>
            {
                dice.Add(MeanDice(trained, _spheres));
                bits.Add(Toy.Bits(trained));
            })],
        };
        // By the loss the first epoch would be the best.
        var objective = new WeightedObjective("scripted", new ScriptedLoss([.. Enumerable.Range(1, 20).Select(loss => (double)loss)]));
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options, objective)
            .Fit(Toy.Source(_spheres), Toy.Source(_spheres, batchSize, shuffleSeed: null));

        result.History.Select(report => report.ValidationDice!.Value).Should().Equal(dice, (one, other) => Math.Abs(one - other) < 1e-12);
        int best = dice.IndexOf(dice.Max());
        best.Should().BeGreaterThan(0);
        result.Best.Epoch.Should().Be(best);
        Toy.Bits(network).Should().Equal(bits[best]);
    }

    [Fact]
    public void A_region_is_the_union_of_its_classes_and_counts_one_where_it_is_empty_in_both()
    {
        using UNet3D network = Toy.Student();
        TrainingOptions options = ByDice(epochs: 1);
        double foreground = Fit(options);
        Fit(options with { DiceRegions = [new Region("sphere", 1)] }).Should().Be(foreground);
        Fit(options with { DiceRegions = [new Region("all", 0, 1)] }).Should().Be(1);
        Fit(options with { DiceRegions = [new Region("all", 0, 1), new Region("sphere", 1)] }).Should().BeApproximately((1 + foreground) / 2, 1e-12);
        foreground.Should().BeInRange(0.01, 0.99);

        double Fit(TrainingOptions with)
        {
            using UNet3D trained = Toy.Student();
            return new SupervisedTrainer(trained, Toy.Labels, with).Fit(Toy.Source(_spheres), Toy.Source(_spheres)).Best.ValidationDice!.Value;
        }
    }

    [Fact]
    public void Overlapping_regions_are_scored_by_their_own_channels()
    {
        manual_seed(1);
        using var network = new UNet3D(new UNet3DOptions { Modalities = ["faint"], OutputChannels = 1, BaseWidth = 2, Levels = 2 });
        var labels = new OverlappingRegions([new Region("sphere", 1)], [1]);
        TrainingResult result = new SupervisedTrainer(network, labels, ByDice(epochs: 2)).Fit(Toy.Source(_spheres), Toy.Source(_spheres));

        using var scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        Tensor logits = NetworkOutput.Of(network, _spheres.Images).Logits;
        result.Best.ValidationDice.Should().BeApproximately(MeanDice(logits.select(1, 0).gt(0), _spheres), 1e-12);
    }

    [Fact]
    public void Without_validation_cases_the_training_loss_decides()
    {
        using UNet3D network = Toy.Student();
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, ByDice(epochs: 3)).Fit(Toy.Source(_spheres));
        result.History.Should().OnlyContain(report => report.ValidationDice == null);
        result.Best.WatchedLoss.Should().Be(result.History.Min(report => report.WatchedLoss));
    }

    [Fact]
    public void A_fit_that_is_resumed_goes_on_as_one_that_was_not_interrupted_and_keeps_its_dice_in_the_history()
    {
        TrainingResult whole = Fit("whole", epochs: 6, resume: false);
        Fit("parts", epochs: 3, resume: false);
        TrainingResult parts = Fit("parts", epochs: 6, resume: true);

        parts.History.Select(report => (report.ValidationDice, report.IsBest))
            .Should().Equal(whole.History.Select(report => (report.ValidationDice, report.IsBest)));
        new TrainingRun(_folder["parts"]).ReadHistory().Select(report => report.ValidationDice)
            .Should().Equal(whole.History.Select(report => report.ValidationDice));
        FluentActions.Invoking(() => Fit("parts", epochs: 7, resume: true, rule: BestEpochRule.Loss))
            .Should().Throw<CheckpointException>().WithMessage("*BestEpoch was Dice and is now not set*");
    }

    [Fact]
    public void A_fit_that_chose_by_the_loss_is_not_resumed_by_dice()
    {
        Fit("loss", epochs: 1, resume: false, rule: BestEpochRule.Loss);
        FluentActions.Invoking(() => Fit("loss", epochs: 2, resume: true))
            .Should().Throw<CheckpointException>().WithMessage("*BestEpoch was not set and is now Dice*");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void Regions_of_classes_that_are_none_are_refused(int ofClass)
    {
        using UNet3D network = Toy.Student();
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, ByDice(1) with { DiceRegions = [new Region("odd", 1, ofClass)] }))
            .Should().Throw<ArgumentException>().WithMessage($"*'odd'*1, {ofClass}*0 to 1*");
        FluentActions.Invoking(() => new SupervisedTrainer(network, Toy.Labels, ByDice(1) with { DiceRegions = [], BestEpoch = (BestEpochRule)9 }))
            .Should().Throw<ArgumentException>().WithMessage("*BestEpoch*9*DiceRegions*");
    }

    private static TrainingOptions ByDice(int epochs) => new() { Epochs = epochs, LearningRate = 3e-2, BestEpoch = BestEpochRule.Dice };

    private TrainingResult Fit(string folder, int epochs, bool resume, BestEpochRule rule = BestEpochRule.Dice)
    {
        using UNet3D network = Toy.Student();
        TrainingOptions options = ByDice(epochs) with { BestEpoch = rule, OutputFolder = _folder[folder], Resume = resume };
        return new SupervisedTrainer(network, Toy.Labels, options).Fit(Toy.Source(_spheres), Toy.Source(_spheres));
    }

    private static double MeanDice(IEncoderDecoder network, Batch batch)
    {
        using var scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        network.Module.eval();
        return MeanDice(NetworkOutput.Of(network, batch.Images).Logits.argmax(1).eq(1), batch);
    }

    // Counted case by case, in plain code.
    private static double MeanDice(Tensor prediction, Batch batch)
    {
        bool[] predicted = [.. prediction.data<bool>()];
        bool[] expected = [.. batch.Labels.eq(1).data<bool>()];
        int voxels = predicted.Length / (int)batch.Labels.shape[0];
        return Enumerable.Range(0, (int)batch.Labels.shape[0]).Average(item =>
        {
            int both = 0, either = 0;
            for (int i = item * voxels; i < (item + 1) * voxels; i++)
            {
                both += predicted[i] && expected[i] ? 2 : 0;
                either += (predicted[i] ? 1 : 0) + (expected[i] ? 1 : 0);
            }

            return either == 0 ? 1 : (double)both / either;
        });
    }
}
