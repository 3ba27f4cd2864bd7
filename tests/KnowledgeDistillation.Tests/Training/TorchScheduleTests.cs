using FluentAssertions;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.optim.lr_scheduler;

namespace KnowledgeDistillation.Tests.Training;

public sealed class TorchScheduleTests
{
    private const double Rate = 0.1;

    // A minimum, a plateau and a rise.
    private static readonly double[] Losses = [3, 2, 2.5, 2.5, 2.4, 2.6, 1, 1, 1, 1, 1, 1.5];

    public static TheoryData<string> Names => [.. Schedulers.Keys];

    private static Dictionary<string, Func<optim.Optimizer, LRScheduler>> Schedulers => new()
    {
        ["cosine"] = optimizer => CosineAnnealingLR(optimizer, 8),
        ["steps"] = optimizer => StepLR(optimizer, 3, 0.5),
        ["milestones"] = optimizer => MultiStepLR(optimizer, [2, 5], 0.1),
        ["exponential"] = optimizer => ExponentialLR(optimizer, 0.9),
        ["polynomial"] = optimizer => PolynomialLR(optimizer, 10, 2),
        ["warm-up"] = optimizer => LinearLR(optimizer, 0.25, 1, 4),
        ["plateau"] = optimizer => ReduceLROnPlateau(optimizer, factor: 0.5, patience: 1),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void It_gives_the_rates_of_the_scheduler_that_is_stepped_by_hand(string name)
    {
        using var parameter = new Parameter(zeros(1));
        using var optimizer = optim.SGD([parameter], Rate);
        LRScheduler scheduler = Schedulers[name](optimizer);
        var schedule = new TorchSchedule(Schedulers[name]);
        List<double> rates = [];
        for (int epoch = 0; epoch <= Losses.Length; epoch++)
        {
            rates.Add(optimizer.ParamGroups.First().LearningRate);
            (Rate * schedule.Multiplier(Losses[..epoch])).Should().BeApproximately(rates[^1], 1e-12, "of epoch {0}", epoch);
            if (epoch == Losses.Length)
                break;
            if (name == "plateau")
                ((impl.ReduceLROnPlateau)scheduler).step(Losses[epoch]);
            else
                scheduler.step();
        }

        rates.Distinct().Should().HaveCountGreaterThan(2, "the scheduler must act in this test");
    }
}
