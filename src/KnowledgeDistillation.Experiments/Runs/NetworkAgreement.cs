using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>What networks must have in common that decide together.</summary>
internal static class NetworkAgreement
{
    /// <summary>Refuses networks that see other modalities, or tell apart other classes.</summary>
    /// <param name="networks">Each with a name for the message.</param>
    /// <exception cref="ExperimentException">Two of them differ; the message names both.</exception>
    public static void Require(IReadOnlyList<(string Name, ICasePredictor Network)> networks)
    {
        (string firstName, ICasePredictor first) = networks[0];
        LabelConvention labels = RunMetadata.LabelsOf(first.Metadata);
        foreach ((string name, ICasePredictor network) in networks.Skip(1))
        {
            if (!network.Modalities.SequenceEqual(first.Modalities) || network.NeedsAllModalities != first.NeedsAllModalities)
            {
                throw new ExperimentException($"The networks of an ensemble must see the same modalities, but '{firstName}' sees {Seen(first)} and "
                    + $"'{name}' {Seen(network)}: segment with each by itself.");
            }

            if (!RunMetadata.LabelsOf(network.Metadata).Equals(labels) || !network.Labels.ChannelNames.SequenceEqual(first.Labels.ChannelNames)
                || network.Labels.GetType() != first.Labels.GetType())
            {
                throw new ExperimentException($"The networks of an ensemble must tell apart the same labels, but '{firstName}' knows {labels} "
                    + $"({string.Join(", ", first.Labels.ChannelNames)}) and '{name}' {RunMetadata.LabelsOf(network.Metadata)} "
                    + $"({string.Join(", ", network.Labels.ChannelNames)}): segment with each by itself.");
            }
        }

        static string Seen(ICasePredictor network) =>
            (network.NeedsAllModalities ? "" : "any of ") + string.Join(", ", network.Modalities.Select(BraTSModality.Title));
    }
}
