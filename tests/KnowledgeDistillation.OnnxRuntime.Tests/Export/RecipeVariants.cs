using System.Reflection;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Export;

/// <summary>Small networks of every recipe of the library, each with every value of each of its options that has few.</summary>
internal static class RecipeVariants
{
    private static readonly string[] Modalities = ["t1", "t1ce", "flair"];

    public static IReadOnlyList<Type> Types =>
        [.. NetworkRecipes.KnownTypes.Where(type => type.Assembly == typeof(NetworkRecipe).Assembly).OrderBy(type => type.Name, StringComparer.Ordinal)];

    /// <summary>The variants by a name that says what is not the default.</summary>
    public static IReadOnlyDictionary<string, NetworkRecipe> Of(Type type)
    {
        NetworkRecipe basis = type == typeof(SynthesisNetworkOptions) ? Synthesis() : type == typeof(PlainConvUNetOptions) ? Plain()
            : type == typeof(BasicUNetOptions) ? Basic() : Basis(type);
        var variants = new Dictionary<string, NetworkRecipe> { ["default"] = basis };
        foreach (PropertyInfo property in type.GetProperties().Where(property => property.SetMethod is not null))
        {
            foreach (object? value in ValuesOf(property).Where(value => !Equals(value, property.GetValue(basis))))
                variants.Add($"{property.Name}={value}", With(basis, property, value));
        }

        return variants;
    }

    // What a draw decides is exported as its mean, which another test compares.
    private static object?[] ValuesOf(PropertyInfo property)
    {
        Type type = property.PropertyType;
        return property.Name switch
        {
            "SampleAtInference" => [],
            "SkipConnections" => [0, 1],
            "Levels" => [2, 4],
            "OutputChannels" => [1],
            "InputChannels" => [5],
            "SpatialDimensions" => [2],
            _ when type == typeof(bool) => [false, true],
            _ when type.IsEnum => [.. Enum.GetValues(type).Cast<object?>()],
            _ => [],
        };
    }

    private static NetworkRecipe Basis(Type type)
    {
        var recipe = (NetworkRecipe)Activator.CreateInstance(type)!;
        foreach ((string name, object value) in new (string, object)[] { ("Modalities", Modalities), ("OutputChannels", 3), ("BaseWidth", 6), ("Levels", 3) })
        {
            if (type.GetProperty(name) is { } property)
                recipe = With(recipe, property, value);
        }

        return recipe;
    }

    private static SynthesisNetworkOptions Synthesis() => new()
    {
        Generator = new UNet3DOptions { Modalities = ["t1", "t1ce"], OutputChannels = 2, BaseWidth = 4, Levels = 2 },
        Segmenter = new UNet3DOptions { Modalities = ["flair", "t1ce", "t2"], OutputChannels = 3, BaseWidth = 4, Levels = 3 },
        SynthesizedModalities = ["t2", "flair"],
    };

    private static BasicUNetOptions Basic() => new() { Modalities = Modalities, OutputChannels = 3, Features = [3, 4, 4, 6, 8, 5] };

    private static PlainConvUNetOptions Plain() => new()
    {
        Modalities = Modalities,
        OutputChannels = 3,
        Features = [4, 6, 8],
        KernelSizes = [[1, 3, 3], [3, 3, 3], [3, 5, 3]],
        Strides = [[1, 1, 1], [1, 2, 2], [2, 2, 1]],
        EncoderConvolutions = [1, 2, 3],
        DecoderConvolutions = [2, 1],
    };

    private static NetworkRecipe With(NetworkRecipe recipe, PropertyInfo property, object? value)
    {
        var copy = (NetworkRecipe)recipe.GetType().GetMethod("<Clone>$")!.Invoke(recipe, null)!;
        property.SetValue(copy, value);
        return copy;
    }
}
