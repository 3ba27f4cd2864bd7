using FluentAssertions;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class PlateauScheduleTests
{
    [Theory]
    // Patience 2: the rate falls after the second epoch without a new lowest loss, and the count starts over.
    [InlineData(2, new double[] { }, 1)]
    [InlineData(2, new double[] { 5 }, 1)]
    [InlineData(2, new double[] { 5, 6 }, 1)]
    [InlineData(2, new double[] { 5, 6, 7 }, 0.2)]
    [InlineData(2, new double[] { 5, 6, 5.5 }, 0.2)]
    [InlineData(2, new double[] { 5, 5, 5 }, 0.2)]
    [InlineData(2, new double[] { 5, 6, 7, 8 }, 0.2)]
    [InlineData(2, new double[] { 5, 6, 7, 8, 9 }, 0.04)]
    [InlineData(2, new double[] { 5, 6, 4, 6, 3, 6 }, 1)]
    [InlineData(2, new double[] { 5, 6, 7, 4, 6, 7 }, 0.04)]
    [InlineData(1, new double[] { 5, 6, 4, 4 }, 0.04)]
    [InlineData(2, new double[] { -1, -2, -1.5, -1.9 }, 0.2)]
    public void The_rate_falls_when_the_loss_has_not_decreased_for_so_many_epochs(int patience, double[] losses, double expected) =>
        new PlateauSchedule { Patience = patience }.Multiplier(losses).Should().BeApproximately(expected, 1e-15);

    [Fact]
    public void The_papers_schedule_waits_for_fifty_epochs_and_divides_by_five()
    {
        var schedule = new PlateauSchedule();
        schedule.Multiplier([1, .. Enumerable.Repeat(2.0, 49)]).Should().Be(1);
        schedule.Multiplier([1, .. Enumerable.Repeat(2.0, 50)]).Should().Be(0.2);
        schedule.Multiplier([1, .. Enumerable.Repeat(2.0, 99)]).Should().Be(0.2);
        schedule.Multiplier([1, .. Enumerable.Repeat(2.0, 100)]).Should().BeApproximately(0.04, 1e-15);
    }

    [Fact]
    public void Faults_are_told_at_once() =>
        FluentActions.Invoking(() => new PlateauSchedule { Factor = 1, Patience = 0 }.Multiplier([]))
            .Should().Throw<ArgumentException>().WithMessage("*Factor*1*Patience*0*");
}
