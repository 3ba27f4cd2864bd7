using System.Globalization;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>What <see cref="PostProcessor"/> took away.</summary>
/// <param name="What">What it was: the name of a region, or "all but the largest part".</param>
/// <param name="Voxels">The number of voxels.</param>
/// <param name="CubicMillimeters">Their volume in mm³.</param>
/// <param name="Replacement">The name of the class that they became.</param>
public sealed record RemovedVoxels(string What, int Voxels, double CubicMillimeters, string Replacement)
{
    /// <summary>For example "ET (32 voxels, 32 mm³) became necrosis".</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{What} ({Voxels} voxels, {CubicMillimeters:0.#} mm³) became {Replacement}");
}
