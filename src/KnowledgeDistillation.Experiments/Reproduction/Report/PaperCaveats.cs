using System.Globalization;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>What must be said next to a table that shows the paper's figures beside one's own.</summary>
internal static class PaperCaveats
{
    /// <summary>The caveats.</summary>
    /// <param name="states">One for each seed.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<ReproductionState> states)
    {
        ReproductionState state = states[0];
        ExperimentSettings settings = state.Settings;
        var caveats = new List<string>();
        if (state.IsOfPhantoms())
        {
            caveats.Add("Ours are of phantoms, made-up patients whose difficulty was chosen; the paper's are of 285 patients of BraTS 2018. Ours say whether "
                + "the method works as the paper says it does, not how well it would do on patients; the two columns must not be compared with each other.");
        }
        else
        {
            caveats.Add($"The paper's figures are of 285 patients of BraTS 2018; ours are of {state.Data}.");
        }

        caveats.Add("Not like for like: the paper's U-HVED and HeMIS rows were taken from another article, with other splits (199 cases for training, "
            + "29 for validation, 57 for the test) and at native resolution. The \"HeMIS\" row is very likely U-HeMIS as released with U-HVED, "
            + "which is what ours is.");
        caveats.Add("The paper's gain over its baseline (ET +3.57, TC +1.17, WT −0.08) stands beside standard deviations of 0.8 to 2.4 over three folds: "
            + "it is about as small as the noise between folds.");
        caveats.Add(string.Create(CultureInfo.InvariantCulture,
            $"The ± of both is the standard deviation over folds (the paper: 3; here: {settings.Folds}), each fold being the mean over its cases; "
            + $"it is not the spread over cases."));
        caveats.Add(string.Create(CultureInfo.InvariantCulture,
            $"Dice is compared on the grid of the networks ({settings.CropEdge / settings.SubsamplingFactor}³ voxels), which is what the paper very likely "
            + $"reports at 64³. A region that is empty in both reference and prediction counts as 100 and one that is empty in one of them as 0; "
            + $"the paper does not say what it does, and the choice can move mean ET by more than its gain, so the other convention stands below."));
        caveats.Add(string.Create(CultureInfo.InvariantCulture,
            $"The checkpoint of each network was chosen on {100 * settings.ValidationShare:0.#} % of the training part and not on the scored fold. "
            + $"The paper does not say on what it chose; choosing on the scored fold would be optimistic."));
        string[] others = Deviations(settings);
        if (others.Length > 0)
        {
            caveats.Add($"Settings other than the paper's: {string.Join("; ", others)}. A row with \"4 skip connections\" of the paper stands beside ours with "
                + "all that its depth allows.");
        }

        return caveats;
    }

    /// <summary>Whether the cases are made up.</summary>
    public static bool IsOfPhantoms(this ReproductionState state) => state.Data.Equals("phantoms", StringComparison.OrdinalIgnoreCase);

    /// <summary>The settings that are not the paper's, for example "base width 8 (the paper's: 30)".</summary>
    public static string[] Deviations(ExperimentSettings settings)
    {
        string[] own =
        [
            nameof(ExperimentSettings.Seed),
            nameof(ExperimentSettings.Fold),
            nameof(ExperimentSettings.SkipConnections),
            nameof(TrainingOptions.GradientSharesEvery),
        ];
        return [.. SettingsRows.Of(settings).Zip(SettingsRows.Of(ExperimentSettings.Paper), (here, paper) =>
            (here.Name, Here: Resolved(here.Name, here.Value), Paper: Resolved(paper.Name, paper.Value)))
            .Where(setting => setting.Here != setting.Paper && !own.Contains(setting.Name) && !setting.Name.StartsWith("Phantom", StringComparison.Ordinal))
            .Select(setting => $"{SettingsRows.InWords(setting.Name)} {setting.Here} (the paper's: {setting.Paper})")];
    }

    // What the settings leave to systems and networks is the paper's for the systems of the paper.
    private static string Resolved(string name, string value)
    {
        var network = (UShapedNetworkOptions)ExperimentSettings.Paper.Recipe([BraTSModality.T1ce], BraTSRegions.Classes.Channels);
        SegmentationSystem system = SegmentationSystems.KDNet;
        double? open = name switch
        {
            nameof(ExperimentSettings.BaseWidth) => network.BaseWidth,
            nameof(ExperimentSettings.Levels) => network.Levels,
            nameof(TrainingOptions.LearningRate) => system.LearningRate,
            nameof(ExperimentSettings.Lambda) => system.Weights.Lambda,
            nameof(ExperimentSettings.Temperature) => system.Weights.Temperature,
            nameof(ExperimentSettings.Alpha) => system.Weights.Alpha,
            _ => null,
        };
        return value == SettingsRows.NotSet && open is { } number ? number.ToString(CultureInfo.InvariantCulture) : value;
    }
}
