using System.Text.RegularExpressions;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Samples.BraTS.Output;

/// <summary>The library names what mends a fault by its own properties; the user knows it as an option.</summary>
internal static partial class OptionNames
{
    /// <summary>A message with the options in the place of "set NaNIsZero" and the like.</summary>
    public static string InText(string message) => Cure().Replace(message, match => match.Groups[1].Value switch
    {
        "NaNIsZero" => $"--{ExperimentSetting.Of(nameof(ExperimentSettings.NotANumberIsZero)).OptionName} true",
        nameof(ExperimentSettings.Background) => $"--{ExperimentSetting.Of(nameof(ExperimentSettings.Background)).OptionName}",
        nameof(ExperimentSettings.Labels) => $"--{ExperimentSetting.Of(nameof(ExperimentSettings.Labels)).OptionName}",
        "Modality" => "--modality",
        _ => "--skip-faulty",
    });

    [GeneratedRegex(@"\bset (NaNIsZero|Background|Labels|Modality|FaultyCases to Skip)\b")]
    private static partial Regex Cure();
}
