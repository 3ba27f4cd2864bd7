using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>
/// The networks that a system can be trained with where it has none of its own: every known recipe that has a width, levels and skip connections.
/// </summary>
public static class NetworkNames
{
    /// <summary>The paper's, for volumes.</summary>
    public const string UNet = "UNet";

    /// <summary>Their names: those of their recipes without "3D" and "Options", for example "UNet", "MultiResUNet" and "UNet2D".</summary>
    public static IReadOnlyList<string> All => [.. Recipes().Select(NameOf).Order(StringComparer.Ordinal)];

    /// <summary>Those that see volumes.</summary>
    public static IReadOnlyList<string> OfVolumes =>
        [.. Recipes().Where(recipe => recipe != typeof(UNet2DOptions)).Select(NameOf).Order(StringComparer.Ordinal)];

    /// <summary>The recipe of a network with its own defaults.</summary>
    /// <param name="name">Its name in any case; null for the paper's U-Net.</param>
    /// <param name="modalities">The modalities that it sees.</param>
    /// <param name="outputChannels">Number of its output channels.</param>
    /// <exception cref="ExperimentException">There is none of this name.</exception>
    public static UShapedNetworkOptions Recipe(string? name, IReadOnlyList<string> modalities, int outputChannels)
    {
        name ??= UNet;
        Type type = Recipes().FirstOrDefault(recipe => NameOf(recipe).Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ExperimentException($"There is no network '{name}'; there are {string.Join(", ", All)}.", nameof(ExperimentSettings.Network));
        var recipe = (UShapedNetworkOptions)Activator.CreateInstance(type)!;
        return recipe with { Modalities = modalities, OutputChannels = outputChannels };
    }

    private static IEnumerable<Type> Recipes() => NetworkRecipes.KnownTypes.Where(type => type.IsAssignableTo(typeof(UShapedNetworkOptions)));

    private static string NameOf(Type recipe) => recipe.Name
        .Replace("Options", "", StringComparison.Ordinal)
        .Replace("3D", "", StringComparison.Ordinal);
}
