using System.Text.Json.Nodes;
using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Tests.Training;
using Xunit;

namespace KnowledgeDistillation.Tests.Stored;

/// <summary>A fit that an earlier build began goes on in this one.</summary>
public sealed class StoredTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Stored => [.. StoredFit.Names];

    private string Resumed => _folder["resumed"];

    public void Dispose() => _folder.Dispose();

    // A fit that did not find the checkpoint would start over: its first epochs would show another duration.
    [Theory]
    [MemberData(nameof(Stored))]
    public void A_stored_fit_is_resumed_and_keeps_its_history(string name)
    {
        string stored = StoredFiles.At("training", name);
        StoredFiles.Copy(stored, Resumed);
        TrainingResult result = StoredFit.Run(name, Resumed, StoredFit.Epochs + 1, resume: true);

        result.History.Should().HaveCount(StoredFit.Epochs + 1);
        Lines(Resumed).Should().HaveCount(1 + StoredFit.Epochs + 1);
        Lines(Resumed)[..(1 + StoredFit.Epochs)].Should().Equal(Lines(stored));
        JsonObject before = State(stored), after = State(Resumed);
        foreach (string part in new[] { "format", "version", "options" })
            JsonNode.DeepEquals(after[part], before[part]).Should().BeTrue($"'{part}' was {before[part]} and is now {after[part]}");
        for (int epoch = 0; epoch < StoredFit.Epochs; epoch++)
        {
            (JsonNode was, JsonNode isNow) = (before["history"]![epoch]!, after["history"]![epoch]!);
            JsonNode.DeepEquals(isNow, was).Should().BeTrue($"epoch {epoch} was {was} and is now {isNow}");
        }

        Toy.Files(Resumed).Keys.Should().Equal(Toy.Files(stored).Keys);
    }

    // Its own epochs alone, without one that this build adds: the network gets the weights of the stored best epoch.
    [Theory]
    [MemberData(nameof(Stored))]
    public void A_stored_fit_that_has_all_its_epochs_is_left_as_it_is(string name)
    {
        StoredFiles.Copy(StoredFiles.At("training", name), Resumed);
        StoredFit.Run(name, Resumed, StoredFit.Epochs, resume: true).History.Should().HaveCount(StoredFit.Epochs);
        Toy.Files(Resumed).Should().Equal(Toy.Files(StoredFiles.At("training", name)));
    }

    // A resumed fit must have the objective of the one that it continues, as their ToString shows.
    [Fact]
    public void Every_loss_of_the_library_has_a_stored_text()
    {
        string[] objectives = [.. StoredFit.Names.Select(name => State(StoredFiles.At("training", name))["options"]!["Objective"]!.GetValue<string>())];
        typeof(IDistillationLoss).Assembly.GetTypes()
            .Where(type => type.IsClass && type.IsAssignableTo(typeof(IDistillationLoss)) && type != typeof(WeightedObjective))
            .Should().OnlyContain(type => objectives.Any(text => text.Contains($"({StoredName(type)} ") || text.Contains($" {StoredName(type)} ")));
    }

    private static string StoredName(Type type) => type == typeof(NamedTeacherLoss) ? "TeacherLoss" : type.Name;

    [Fact]
    public void Fits_that_are_not_stored_yet_are_written()
    {
        StoredFiles.SkipUnlessWriting();
        foreach (string name in StoredFit.Names.Where(name => !Directory.Exists(StoredFiles.At("training", name))))
            StoredFit.Run(name, StoredFiles.At("training", name), StoredFit.Epochs, resume: false);
    }

    private static string[] Lines(string fit) => File.ReadAllText(Path.Combine(fit, "history.csv")).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    private static JsonObject State(string fit) => JsonNode.Parse(File.ReadAllText(Path.Combine(fit, "last", "training.json")))!.AsObject();
}
