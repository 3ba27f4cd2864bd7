using FluentAssertions;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class FixedDecayScheduleTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(149, 1)]
    [InlineData(150, 0.1)]
    [InlineData(199, 0.1)]
    [InlineData(250, 0.1)]
    public void The_rate_falls_once_for_the_last_quarter_whatever_the_losses_are(int epochsDone, double expected)
    {
        var schedule = FixedDecaySchedule.ForLastQuarterOf(200);
        schedule.Multiplier([.. Enumerable.Range(0, epochsDone).Select(epoch => -1.0 * epoch)]).Should().Be(expected);
        schedule.Multiplier([.. Enumerable.Repeat(7.0, epochsDone)]).Should().Be(expected);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(10, 8)]
    public void The_last_quarter_is_rounded_down(int epochs, int afterEpochs) =>
        FixedDecaySchedule.ForLastQuarterOf(epochs).AfterEpochs.Should().Be(afterEpochs);

    [Fact]
    public void Faults_are_told_at_once()
    {
        FluentActions.Invoking(() => new FixedDecaySchedule { Factor = 0, AfterEpochs = 0 }.Multiplier([]))
            .Should().Throw<ArgumentException>().WithMessage("*Factor*0*AfterEpochs*0*");
        FluentActions.Invoking(() => FixedDecaySchedule.ForLastQuarterOf(0)).Should().Throw<ArgumentOutOfRangeException>();
    }
}
