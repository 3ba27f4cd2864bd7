namespace KnowledgeDistillation;

/// <summary>A named union of classes that is scored as one, for example the whole tumor.</summary>
public sealed record Region
{
    /// <summary>Makes a region.</summary>
    /// <param name="name">Its name, for example "WT".</param>
    /// <param name="classes">The classes (not labels on disk) that it unites; at least one.</param>
    public Region(string name, params IReadOnlyList<int> classes)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(classes);
        if (classes.Count == 0)
            throw new ArgumentException($"The region '{name}' needs at least one class.", nameof(classes));
        (Name, Classes) = (name, classes);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The classes that it unites.</summary>
    public IReadOnlyList<int> Classes { get; }
}
