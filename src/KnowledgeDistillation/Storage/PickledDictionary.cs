namespace KnowledgeDistillation.Storage;

/// <summary>A dictionary in a pickle, whose keys may be anything.</summary>
internal sealed class PickledDictionary
{
    private readonly List<KeyValuePair<object?, object?>> _items = [];

    public int Count => _items.Count;

    public IReadOnlyList<KeyValuePair<object?, object?>> Items => _items;

    public IEnumerable<object?> Keys => _items.Select(item => item.Key);

    public void Add(object? key, object? value) => _items.Add(new(key, value));

    /// <summary>The value of a name, the last one where it stands twice; null where there is none.</summary>
    public object? TryGet(string name) => _items.FindLast(item => item.Key is string key && key == name).Value;
}
