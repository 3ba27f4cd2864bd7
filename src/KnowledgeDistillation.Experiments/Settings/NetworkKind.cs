namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>The networks that a system can be trained with where it has none of its own.</summary>
internal enum NetworkKind
{
    /// <summary>The paper's, for volumes.</summary>
    UNet,

    /// <summary>MultiResUNet, which the paper names as another that would do, for volumes.</summary>
    MultiResUNet,

    /// <summary>The paper's for axial slices.</summary>
    UNet2D,
}

internal static class NetworkKinds
{
    public static IReadOnlyList<string> OptionNames { get; } = [.. Enum.GetValues<NetworkKind>().Select(OptionName)];

    /// <summary>For example "unet".</summary>
    public static string OptionName(this NetworkKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The number in the code that was published with a network, where there is one.</summary>
    public static string PublishedParameters(NetworkKind? kind) => kind == NetworkKind.MultiResUNet ? "18,657,689, 4 inputs, 1 class" : "";

    public static NetworkKind Parse(string optionName) => Enum.Parse<NetworkKind>(optionName, ignoreCase: true);
}
