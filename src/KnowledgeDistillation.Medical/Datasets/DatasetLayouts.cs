namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>The layouts that this package knows.</summary>
public static class DatasetLayouts
{
    /// <summary>
    /// nnU-Net, the Medical Segmentation Decathlon, and BraTS: every <see cref="IDatasetLayout"/> of the package. Each knows its own folders alone.
    /// </summary>
    public static IReadOnlyList<IDatasetLayout> All { get; } =
    [
        .. typeof(IDatasetLayout).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: false, IsInterface: false } && type.IsAssignableTo(typeof(IDatasetLayout)))
            .Select(type => (IDatasetLayout)Activator.CreateInstance(type)!)
            .OrderBy(layout => layout.Name, StringComparer.Ordinal),
    ];
}
