using System.Collections.Concurrent;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>
/// The networks that a system can be trained with where it has none of its own: every known recipe that has a width, levels and skip connections
/// (<see cref="UShapedNetworkOptions"/>), and those that a user registers.
/// </summary>
/// <remarks>Safe for use by several threads.</remarks>
public static class NetworkNames
{
    /// <summary>The paper's, for volumes.</summary>
    public const string UNet = "UNet";

    private static readonly ConcurrentDictionary<string, RegisteredNetwork> Registered = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Their names: those of their recipes without "3D" and "Options", for example "UNet", "MultiResUNet" and "UNet2D", and those that were registered.
    /// </summary>
    public static IReadOnlyList<string> All => [.. Recipes().Select(NameOf).Concat(Registered.Keys).Order(StringComparer.Ordinal)];

    /// <summary>Those that see volumes.</summary>
    public static IReadOnlyList<string> OfVolumes => [.. All.Where(name => SpatialDimensionsOf(name) == 3)];

    /// <summary>
    /// Makes a network of the user's own known, so that <see cref="ExperimentSettings.Network"/> can name it. Its recipe must be known, too
    /// (<see cref="NetworkRecipes.Register{TRecipe}"/>), since checkpoints hold it. Width, depth and skip connections are its own affair: settings of them
    /// are not for it.
    /// </summary>
    /// <param name="name">Its name: letters and digits, of none of <see cref="All"/>.</param>
    /// <param name="recipe">Makes its recipe from the modalities that it sees and the number of its output channels.</param>
    /// <param name="spatialDimensions">3 if it sees volumes, 2 if it sees slices.</param>
    /// <exception cref="ArgumentException">The name is taken, or no name; or it sees neither volumes nor slices.</exception>
    public static void Register(string name, Func<IReadOnlyList<string>, int, NetworkRecipe> recipe, int spatialDimensions = 3)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(recipe);
        if (!name.All(char.IsAsciiLetterOrDigit))
        {
            throw new ArgumentException(
                $"The name of a network has letters and digits only, because folders are named after it, but is '{name}'.", nameof(name));
        }

        if (spatialDimensions is not (2 or 3))
            throw new ArgumentException($"A network sees volumes (3) or slices (2), but not {spatialDimensions} dimensions.", nameof(spatialDimensions));
        if (TypeOf(name) is not null || !Registered.TryAdd(name, new RegisteredNetwork(recipe, spatialDimensions)))
            throw new ArgumentException($"There is a network '{name}' already: give yours another name.", nameof(name));
    }

    /// <summary>The recipe of a network with its own defaults.</summary>
    /// <param name="name">Its name in any case; null for the paper's U-Net.</param>
    /// <param name="modalities">The modalities that it sees.</param>
    /// <param name="outputChannels">Number of its output channels.</param>
    /// <exception cref="ExperimentException">There is none of this name.</exception>
    public static NetworkRecipe Recipe(string? name, IReadOnlyList<string> modalities, int outputChannels)
    {
        name ??= UNet;
        if (Registered.TryGetValue(name, out RegisteredNetwork? own))
            return own.Recipe(modalities, outputChannels);
        Type type = TypeOf(name)
            ?? throw new ExperimentException($"There is no network '{name}'; there are {string.Join(", ", All)}.", nameof(ExperimentSettings.Network));
        var recipe = (UShapedNetworkOptions)Activator.CreateInstance(type)!;
        return recipe with { Modalities = modalities, OutputChannels = outputChannels };
    }

    /// <summary>3 for a network that sees volumes, 2 for one that sees slices.</summary>
    internal static int SpatialDimensionsOf(string? name) => Registered.TryGetValue(name ?? UNet, out RegisteredNetwork? own) ? own.SpatialDimensions
        : TypeOf(name ?? UNet) == typeof(UNet2DOptions) ? 2
        : 3;

    private static Type? TypeOf(string name) => Recipes().FirstOrDefault(recipe => NameOf(recipe).Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<Type> Recipes() => NetworkRecipes.KnownTypes.Where(type => type.IsAssignableTo(typeof(UShapedNetworkOptions)));

    private static string NameOf(Type recipe) => recipe.Name
        .Replace("Options", "", StringComparison.Ordinal)
        .Replace("3D", "", StringComparison.Ordinal);

    private sealed record RegisteredNetwork(Func<IReadOnlyList<string>, int, NetworkRecipe> Recipe, int SpatialDimensions);
}
