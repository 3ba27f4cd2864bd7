using System.Text.Json.Nodes;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Experiments.Tests.Reproduction;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Runs;

/// <summary>What is written in one culture is the same, and is read, in every other.</summary>
public sealed class CultureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Settings_facts_scores_and_what_a_folder_remembers_are_the_same_in_every_culture()
    {
        ExperimentSettings settings = new() { Training = new() { LearningRate = 1.5e-3 }, Background = "-1.5" };
        var split = new CaseSplit([new MedicalCase("P1", new Dictionary<string, Medical.Preprocessing.ImageFile> { ["t1"] = new("t1.nii") }, BraTSLabelConvention.BraTS2018)], [], []);
        CaseScore[] scores = [HandMadeReproduction.Score("case-1", "ET", 3)];
        string expectedSettings = ExperimentSetting.Write(settings).ToJsonString();
        IReadOnlyDictionary<string, string> expectedFacts = RunMetadata.Write(SegmentationSystems.KDNet, settings, split, []);
        ScoresCsv.Write(_folder["expected.csv"], scores);
        JsonObject remembered = ExperimentSetting.Write(settings);
        Remembered().Remember(remembered);

        foreach (string culture in Cultures.Names)
        {
            Cultures.In(culture, () =>
            {
                ExperimentSetting.Write(settings).ToJsonString().Should().Be(expectedSettings);
                RunMetadata.Write(SegmentationSystems.KDNet, settings, split, []).Should().Equal(expectedFacts);
                ScoresCsv.Write(_folder["actual.csv"], scores);
                File.ReadAllText(_folder["actual.csv"]).Should().Be(File.ReadAllText(_folder["expected.csv"]));
                Remembered().RefuseOthers(ExperimentSetting.Write(settings));
            });
        }

        RememberedSettings Remembered() => new(_folder["run", "run.json"], "a run");
    }
}
