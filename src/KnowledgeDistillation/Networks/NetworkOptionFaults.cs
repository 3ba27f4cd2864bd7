using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Networks;

/// <summary>The checks that the options of all networks share.</summary>
internal static class NetworkOptionFaults
{
    // More than any data set has; it keeps a senseless number from asking for all memory.
    public const int MostChannels = 1024;

    public static OptionFaults RequireNetwork(this OptionFaults faults, IReadOnlyList<string>? modalities, int outputChannels) => faults
        .Require(modalities is { Count: > 0 }, "Modalities must name at least one modality.")
        .Require(modalities is null || modalities.Distinct(StringComparer.Ordinal).Count() == modalities.Count, "Modalities must name each modality once.")
        .Require(modalities is null || !modalities.Any(string.IsNullOrWhiteSpace), "Modalities must not hold an empty name.")
        .Require(outputChannels is >= 1 and <= MostChannels, $"OutputChannels must be from 1 to {MostChannels}, but is {outputChannels}.");

    public static OptionFaults RequireLevels(this OptionFaults faults, int levels) => faults
        .Require(levels is >= 2 and <= 8, $"Levels must be from 2 to 8, but is {levels}.");

    /// <summary>The width of a network whose blocks halve it.</summary>
    public static OptionFaults RequireEvenWidth(this OptionFaults faults, int baseWidth) => faults
        .Require(baseWidth >= 2 && baseWidth % 2 == 0 && baseWidth <= 1024, $"BaseWidth must be even and from 2 to 1024, but is {baseWidth}.");
}
