using System.CommandLine;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Options that name modalities; which there are, only the data set or the network tells.</summary>
internal static class ModalityOptions
{
    /// <summary>Refuses what can be no name of a modality.</summary>
    public static void MustBeModalities(this Option option) => option.Validators.Add(result =>
    {
        foreach (string name in result.Tokens.Select(token => token.Value).Where(name => !ExperimentSetting.IsModality(name)))
            result.AddError($"{option.Name} must be a name of a modality, but is '{name}'.");
    });
}
