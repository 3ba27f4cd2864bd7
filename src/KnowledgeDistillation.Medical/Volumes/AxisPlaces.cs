namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>Between which two voxels of an axis each voxel of another grid along the same line lies, for linear interpolation.</summary>
internal sealed class AxisPlaces
{
    private readonly int[] _below;
    private readonly float[] _shareOfNext;

    /// <param name="count">How many voxels look for their place.</param>
    /// <param name="length">How many voxels the axis has.</param>
    /// <param name="place">Where each lies on the axis, in voxels; before the first and behind the last the nearest of them counts alone.</param>
    public AxisPlaces(int count, int length, Func<int, double> place)
    {
        (_below, _shareOfNext) = (new int[count], new float[count]);
        for (int i = 0; i < count; i++)
        {
            double at = Math.Clamp(place(i), 0, length - 1);
            _below[i] = Math.Min((int)at, Math.Max(0, length - 2));
            _shareOfNext[i] = (float)(at - _below[i]);
        }

        Length = length;
    }

    public int Count => _below.Length;

    /// <summary>How many voxels the axis has between which the places lie.</summary>
    public int Length { get; }

    /// <summary>The two voxels, and the share of the second.</summary>
    public (int First, int Second, float Share) this[int i] => (_below[i], Math.Min(_below[i] + 1, Length - 1), _shareOfNext[i]);

    /// <summary>The nearer voxel, the first where both are equally near.</summary>
    public int Nearest(int i) => _shareOfNext[i] > 0.5f ? Math.Min(_below[i] + 1, Length - 1) : _below[i];
}
