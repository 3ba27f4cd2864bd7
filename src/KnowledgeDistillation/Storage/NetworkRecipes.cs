using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace KnowledgeDistillation.Storage;

/// <summary>The recipes that a checkpoint may name: those of this library, and those that a user registers.</summary>
/// <remarks>Safe for use by several threads. Only registered types are ever built from a file.</remarks>
public static class NetworkRecipes
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(), new RecipeWithinRecipe() },
    };

    private static readonly ConcurrentDictionary<string, Type> Known = new(
        typeof(NetworkRecipe).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(NetworkRecipe)) && !type.IsAbstract)
            .Select(type => KeyValuePair.Create(type.Name, type)),
        StringComparer.Ordinal);

    /// <summary>The types of all known recipes.</summary>
    public static IReadOnlyCollection<Type> KnownTypes => [.. Known.Values];

    /// <summary>Registers a recipe of the user's own under its type name.</summary>
    /// <typeparam name="TRecipe">A record that System.Text.Json can write and read.</typeparam>
    /// <exception cref="InvalidOperationException">Another type is registered under the same name.</exception>
    public static void Register<TRecipe>()
        where TRecipe : NetworkRecipe
    {
        Type registered = Known.GetOrAdd(typeof(TRecipe).Name, typeof(TRecipe));
        if (registered != typeof(TRecipe))
            throw new InvalidOperationException($"The recipe name '{typeof(TRecipe).Name}' is taken by {registered.FullName}: give the record another name.");
    }

    internal static JsonObject Write(NetworkRecipe recipe)
    {
        string name = recipe.GetType().Name;
        if (!Known.TryGetValue(name, out Type? type) || type != recipe.GetType())
        {
            throw new InvalidOperationException(
                $"The recipe {recipe.GetType().FullName} is not registered: call NetworkRecipes.Register<{name}>() once at start.");
        }

        return new JsonObject { ["type"] = name, ["options"] = JsonSerializer.SerializeToNode(recipe, type, Json) };
    }

    /// <exception cref="JsonException">The node is no recipe, or names one that is not registered.</exception>
    internal static NetworkRecipe Read(JsonNode? node)
    {
        string? name = node is JsonObject recipe ? recipe["type"]?.ToString() : null;
        if (name is null || !Known.TryGetValue(name, out Type? type))
        {
            throw new JsonException(
                $"the network '{name}' is not known here; known are {string.Join(", ", Known.Keys.Order())} (register your own with NetworkRecipes.Register)");
        }

        return (NetworkRecipe)JsonFile.Convert(node!["options"], type, Json);
    }

    /// <summary>A recipe that is part of another one is stored as the outer one is: by the name of its type and its options.</summary>
    private sealed class RecipeWithinRecipe : JsonConverter<NetworkRecipe>
    {
        public override NetworkRecipe Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            NetworkRecipes.Read(JsonNode.Parse(ref reader));

        public override void Write(Utf8JsonWriter writer, NetworkRecipe value, JsonSerializerOptions options) => NetworkRecipes.Write(value).WriteTo(writer);
    }
}
