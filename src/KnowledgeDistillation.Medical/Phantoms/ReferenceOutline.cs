namespace KnowledgeDistillation.Medical;

/// <summary>Where the hand that draws a reference sees the tissue that lies at a position: beside it, by a smooth random displacement.</summary>
internal sealed class ReferenceOutline
{
    // A hand errs over the length of a stroke, not from voxel to voxel.
    private const double FeatureMillimetres = 35;

    private readonly double _largest;
    private readonly SmoothNoise _x, _y, _z;

    public ReferenceOutline(ulong key, double largestMillimetres)
    {
        var random = new StableRandom(key);
        _largest = largestMillimetres;
        (_x, _y, _z) = (new(random.NextUInt64(), FeatureMillimetres), new(random.NextUInt64(), FeatureMillimetres), new(random.NextUInt64(), FeatureMillimetres));
    }

    public bool Displaces => _largest > 0;

    public (double X, double Y, double Z) Displace(double x, double y, double z) =>
        (x + (_largest * _x.At(x, y, z)), y + (_largest * _y.At(x, y, z)), z + (_largest * _z.At(x, y, z)));
}
