using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>The error of the hand that draws a reference: the tissue at a position is drawn beside it, by a smooth random displacement.</summary>
internal sealed class ReferenceOutline
{
    // A hand errs over the length of a stroke, not from voxel to voxel.
    private const double FeatureMillimeters = 35;

    private readonly double _largest;
    private readonly SmoothNoise _x, _y, _z;

    public ReferenceOutline(ulong key, double largestMillimeters)
    {
        var random = new StableRandom(key);
        _largest = largestMillimeters;
        (_x, _y, _z) =
            (new(random.NextUInt64(), FeatureMillimeters), new(random.NextUInt64(), FeatureMillimeters), new(random.NextUInt64(), FeatureMillimeters));
    }

    public bool Displaces => _largest > 0;

    public (double X, double Y, double Z) Displace(double x, double y, double z) =>
        (x + (_largest * _x.At(x, y, z)), y + (_largest * _y.At(x, y, z)), z + (_largest * _z.At(x, y, z)));
}
