using System.Globalization;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>What the voxels of one image are like.</summary>
/// <param name="Voxels">Their number.</param>
/// <param name="NaN">How many are not a number.</param>
/// <param name="Infinite">How many are infinite.</param>
/// <param name="Zero">How many are exactly 0.</param>
/// <param name="Least">The least finite value other than 0; NaN where there is none.</param>
/// <param name="Greatest">The greatest finite value other than 0; NaN where there is none.</param>
/// <param name="Border">The value that is most frequent on the border of the volume.</param>
public sealed record ImageExamination(int Voxels, int NaN, int Infinite, int Zero, float Least, float Greatest, float Border)
{
    private const int Block = 1 << 14;

    /// <summary>Whether the voxels around the head are not 0, so that all of them would be taken for tissue.</summary>
    public bool HasOtherBackground => Border != 0;

    /// <summary>Why the image cannot be used, as the rest of a sentence about it; null where it can.</summary>
    public string? Fault => this switch
    {
        { NaN: > 0, Infinite: > 0 } => string.Create(
            CultureInfo.InvariantCulture,
            $"holds {NaN + Infinite} of {Voxels} voxels that are not finite numbers ({NaN} NaN, {Infinite} infinite); repair the file"),
        { NaN: > 0 } when NaN == Voxels => "holds no voxel that is a finite number (all are NaN)",
        { NaN: > 0 } => string.Create(
            CultureInfo.InvariantCulture,
            $"holds {NaN} of {Voxels} voxels that are not finite numbers (NaN); NaN can be made background (set {nameof(PreprocessingOptions.NaNIsZero)})"),
        { Infinite: > 0 } => string.Create(
            CultureInfo.InvariantCulture, $"holds {Infinite} of {Voxels} voxels that are not finite numbers (infinite); repair the file"),
        _ when Zero == Voxels => string.Create(CultureInfo.InvariantCulture, $"is empty (all {Voxels} voxels are 0), so it cannot be normalized"),
        _ when Least == Greatest => string.Create(
            CultureInfo.InvariantCulture,
            $"is constant (all {Voxels - Zero} voxels{(Zero > 0 ? " that are not 0" : "")} have the value {Least}), so it shows nothing"),
        _ => null,
    };

    internal static ImageExamination Of(StoredVoxels voxels, VolumeSize size)
    {
        (int nan, int infinite, int zero) = (0, 0, 0);
        (float least, float greatest) = (float.PositiveInfinity, float.NegativeInfinity);
        float[] block = new float[Block];
        for (int start = 0; start < size.VoxelCount; start += Block)
        {
            Span<float> values = block.AsSpan(0, Math.Min(Block, size.VoxelCount - start));
            if (voxels.IsZero(start, values.Length))
            {
                zero += values.Length;
                continue;
            }

            voxels.ReadFloats(start, values);
            foreach (float value in values)
            {
                if (value == 0)
                {
                    zero++;
                }
                else if (float.IsFinite(value))
                {
                    least = Math.Min(least, value);
                    greatest = Math.Max(greatest, value);
                }
                else if (float.IsNaN(value))
                {
                    nan++;
                }
                else
                {
                    infinite++;
                }
            }
        }

        bool any = least <= greatest;
        return new(size.VoxelCount, nan, infinite, zero, any ? least : float.NaN, any ? greatest : float.NaN, BorderValue.Of(voxels, size));
    }
}
