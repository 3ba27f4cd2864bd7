using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Tests.Docs;

/// <summary>The second program of the package's README. What it does is tested with smaller settings by <see cref="ReproductionStudyTests"/>.</summary>
internal static class StudyExample
{
    public static void Run()
    {
        NetworkRecipes.Register<MyNetworkOptions>();
        NetworkNames.Register("MyNetwork", (modalities, channels) => new MyNetworkOptions { Modalities = modalities, OutputChannels = channels });

        ReproductionStudy study = ReproductionStudy.Open("study", new ReproductionOptions
        {
            Settings = ReproductionPresets.Quick with { Network = "MyNetwork" },
            Seeds = [1, 2, 3],
            Only = ["mynetwork-*"],
        });
        ReproductionOutcome outcome = study.Run();
        foreach ((string run, string reason) in outcome.NotDone)
            Console.WriteLine($"{run}: {reason}");
        Console.WriteLine($"{outcome.Finished} of {outcome.Planned} runs are done: {outcome.Report}");
    }

    private sealed record MyNetworkOptions : NetworkRecipe
    {
        public required IReadOnlyList<string> Modalities { get; init; }

        public required int OutputChannels { get; init; }

        public override IEncoderDecoder Build() => throw new NotSupportedException("This network is there for its name only.");
    }
}
