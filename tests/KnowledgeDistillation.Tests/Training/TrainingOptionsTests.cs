using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class TrainingOptionsTests
{
    private static readonly PropertyInfo[] All = typeof(TrainingOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance);

    public static TheoryData<string> Ranged => [.. All.Where(option => option.IsDefined(typeof(RangeAttribute))).Select(option => option.Name)];

    [Fact]
    public void What_an_own_optimizer_would_ignore_is_refused_beside_it_in_one_message()
    {
        var options = new TrainingOptions { Epochs = 0, LearningRate = 1e-4, WeightDecay = 0, Optimizer = parameters => torch.optim.SGD(parameters, 0.1) };
        FluentActions.Invoking(options.Validate).Should().Throw<ArgumentException>().WithMessage("TrainingOptions: Epochs must be at least 1, but is 0. "
            + "LearningRate must not be given beside an Optimizer: give it to the optimizer instead. "
            + "WeightDecay must not be given beside an Optimizer: give it to the optimizer instead.");
        (options with { Epochs = 1, LearningRate = null, WeightDecay = null }).Validate();
    }

    [Fact]
    public void Every_option_that_decides_what_comes_of_a_fit_is_in_its_fingerprint()
    {
        new TrainingOptions { Precision = Precision.Full }.Fingerprint().Should().Equal(new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["BatchesPerStep"] = "1",
            ["EarlyStoppingPatience"] = "",
            ["GradientClipNorm"] = "",
            ["LearningRate"] = "0.0001",
            ["Optimizer"] = "Adam",
            ["Precision"] = "Full",
            ["Schedule"] = "PlateauSchedule { Factor = 0.2, Patience = 50 }",
            ["Seed"] = "0",
            ["WeightDecay"] = "0",
        });
        string[] free = ["Epochs", "GradientSharesEvery", "OutputFolder", "Resume", "RestoreBestWeights", "Metadata", "Callbacks", "Collective"];
        var byDice = new TrainingOptions { BestEpoch = BestEpochRule.Dice, DiceRegions = [new Region("whole", 1, 2), new Region("core", 2)] };
        using Batch spheres = Toy.Spheres(cases: 1);
        byDice = byDice with { CaseValidation = new CaseValidation(Toy.Source(spheres), new WholeVolumeInference(), 3) };
        byDice.Fingerprint().Keys.Should().BeEquivalentTo(All.Select(option => option.Name).Except(free));
        byDice.Fingerprint().Should().Contain("CaseValidation", "every 3 epochs by WholeVolumeInference (precision Full)");
        byDice.Fingerprint().Should().Contain("BestEpoch", "Dice").And.Contain("DiceRegions", "whole: 1 + 2, core: 2");

        new TrainingOptions { LearningRate = 1e-3, WeightDecay = 1e-5, GradientClipNorm = 0.5, EarlyStoppingPatience = 3, Seed = -7 }.Fingerprint().Should()
            .Contain("LearningRate", "0.001").And.Contain("WeightDecay", "1E-05").And.Contain("GradientClipNorm", "0.5")
            .And.Contain("EarlyStoppingPatience", "3").And.Contain("Seed", "-7");
        new TrainingOptions { Optimizer = parameters => torch.optim.SGD(parameters, 0.1) }.Fingerprint().Should()
            .Contain("Optimizer", "custom").And.NotContainKeys("LearningRate", "WeightDecay");
    }

    [Fact]
    public void What_a_command_line_may_offer_describes_itself()
    {
        string[] offered = [.. All.Where(option => option.IsDefined(typeof(CategoryAttribute))).Select(option => option.Name)];
        offered.Should().BeEquivalentTo(
            "Epochs", "LearningRate", "WeightDecay", "GradientClipNorm", "EarlyStoppingPatience", "BatchesPerStep", "Precision", "GradientSharesEvery");
        foreach (PropertyInfo option in All.Where(option => offered.Contains(option.Name)))
        {
            option.GetCustomAttribute<CategoryAttribute>()!.Category.Should().Be("training");
            option.GetCustomAttribute<DescriptionAttribute>()!.Description.Should().NotBeEmpty().And.EndWith(".").And.NotContain("\n");
        }

        Ranged.Select(row => row.Data).Should().BeEquivalentTo(offered.Except(["Precision"]));
    }

    [Theory]
    [MemberData(nameof(Ranged))]
    public void The_range_that_an_option_states_is_the_one_that_is_checked(string name)
    {
        PropertyInfo option = All.Single(option => option.Name == name);
        var range = option.GetCustomAttribute<RangeAttribute>()!;
        double least = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture), step = range.OperandType == typeof(int) ? 1 : 1e-9;
        FluentActions.Invoking(With(range.MinimumIsExclusive ? least + step : least).Validate).Should().NotThrow();
        FluentActions.Invoking(With(Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture)).Validate).Should().NotThrow();
        FluentActions.Invoking(With(range.MinimumIsExclusive ? least : least - step).Validate).Should().Throw<ArgumentException>().WithMessage($"*{name}*");

        TrainingOptions With(double value)
        {
            var options = new TrainingOptions();
            Type type = Nullable.GetUnderlyingType(option.PropertyType) ?? option.PropertyType;
            option.SetValue(options, Convert.ChangeType(value, type, null));
            return options;
        }
    }
}
