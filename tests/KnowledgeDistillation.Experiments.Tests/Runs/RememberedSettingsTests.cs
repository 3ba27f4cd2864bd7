using System.Text.Json.Nodes;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Tests;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Runs;

public sealed class RememberedSettingsTests : IDisposable
{
    private static readonly ExperimentSettings Settings = new();

    private readonly TemporaryFolder _folder = new();

    private RememberedSettings File => new(_folder["settings.json"], "a trial");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_began_before_there_was_a_choice_goes_on_as_it_began()
    {
        Begin(before => before.Remove(nameof(ExperimentSettings.BestEpoch)), before => before.Remove("InitialWeights"));

        ExperimentSettings begun = File.AsBegun(Settings);
        begun.BestEpoch.Should().Be(BestEpochRule.Loss);
        begun.FoldsShareWeights.Should().BeTrue();
        File.RefuseOthers(RememberedSettings.Describe(begun));
        // Whoever asks for something else is told.
        FluentActions.Invoking(() => File.RefuseOthers(RememberedSettings.Describe(File.AsBegun(Settings with { BestEpoch = BestEpochRule.Dice }))))
            .Should().Throw<ExperimentException>().WithMessage("*BestEpoch was Loss and is now Dice*");
    }

    [Fact]
    public void What_begins_now_has_weights_of_each_fold_and_the_best_masks()
    {
        Begin();

        File.AsBegun(Settings).Should().Be(Settings);
        File.RefuseOthers(RememberedSettings.Describe(Settings));
        FluentActions.Invoking(() => File.RefuseOthers(RememberedSettings.Describe(Settings with { BestEpoch = BestEpochRule.Loss })))
            .Should().Throw<ExperimentException>().WithMessage("*BestEpoch*Loss*");
    }

    [Fact]
    public void Where_nothing_has_begun_settings_stay_as_they_are() => File.AsBegun(Settings).Should().Be(Settings);

    private void Begin(params Action<JsonObject>[] changes)
    {
        JsonObject description = RememberedSettings.Describe(Settings);
        foreach (Action<JsonObject> change in changes)
            change(description);
        System.IO.File.WriteAllText(_folder["settings.json"], description.ToJsonString());
    }
}
