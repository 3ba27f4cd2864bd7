namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>A class of this folder that defines a system. <see cref="SegmentationSystems"/> finds all of them by itself.</summary>
internal interface ISystemDefinition
{
    /// <summary>The system.</summary>
    static abstract SegmentationSystem System { get; }
}
