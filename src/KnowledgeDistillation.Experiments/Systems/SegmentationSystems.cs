using System.Collections.Immutable;
using System.Reflection;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>All systems that can be trained: what the paper proposes, compares with or mentions, and those that a user registers.</summary>
/// <remarks>Safe for use by several threads.</remarks>
public static class SegmentationSystems
{
    private static ImmutableList<SegmentationSystem> all =
    [
        .. typeof(ISystemDefinition).Assembly.GetTypes()
            .Where(type => type.IsClass && type.IsAssignableTo(typeof(ISystemDefinition)))
            .Select(type => (SegmentationSystem)type.GetProperty(nameof(ISystemDefinition.System), BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!)
            .OrderBy(system => system.Order).ThenBy(system => system.Name, StringComparer.Ordinal),
    ];

    /// <summary>All of them, in the order of tables.</summary>
    public static IReadOnlyList<SegmentationSystem> All => all;

    /// <summary>The names of all.</summary>
    public static IReadOnlyList<string> Names => [.. all.Select(system => system.Name)];

    /// <summary>Sees all modalities and learns from the reference; the others' teacher.</summary>
    public static SegmentationSystem Teacher => TeacherSystem.System;

    /// <summary>Sees one modality and learns from the reference.</summary>
    public static SegmentationSystem Baseline => BaselineSystem.System;

    /// <summary>The paper's method.</summary>
    public static SegmentationSystem KDNet => KDNetSystem.System;

    /// <summary>The system of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static SegmentationSystem Of(string name) => all.Find(system => system.Name == name)
        ?? throw new ArgumentException($"There is no system '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

    /// <summary>Registers a system of the user's own, so that it is trained, scored and listed like the others.</summary>
    /// <exception cref="ArgumentException">There is one of the same name already.</exception>
    public static void Register(SegmentationSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        ImmutableInterlocked.Update(ref all, known => known.Exists(other => other.Name == system.Name)
            ? throw new ArgumentException($"There is a system '{system.Name}' already: give yours another name.", nameof(system))
            : [.. known.Add(system).OrderBy(each => each.Order).ThenBy(each => each.Name, StringComparer.Ordinal)]);
    }
}
