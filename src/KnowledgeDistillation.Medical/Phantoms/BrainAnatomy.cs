using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>What a voxel of a brain consists of: shares that sum to 1, and whether it lies in the ventricles.</summary>
internal readonly record struct Tissue(double Fluid, double Gray, double White, double Ventricle);

/// <summary>
/// A healthy brain as a function of position, in mm from the center of the head (right, anterior, superior positive): envelope of
/// cerebrum, cerebellum and brain stem, folded cortex, ventricles, deep gray nuclei. Drawn from a key; features are never finer
/// than a coarse grid can show.
/// </summary>
internal sealed class BrainAnatomy
{
    /// <summary>The box that a life-size head fills, in mm along x, y, z; 1 mm voxels for the grid of BraTS.</summary>
    public static readonly (double X, double Y, double Z) Extent = (150, 185, 155);

    private readonly Ellipsoid[] _lobes;
    private readonly Ellipsoid[] _ventricles;
    private readonly Ellipsoid[] _nuclei;
    private readonly SmoothNoise _shape;
    private readonly SmoothNoise _fold;
    private readonly SmoothNoise _fineFold;
    private readonly SmoothNoise _wobble;
    private readonly double _cortex;
    private readonly double _softness;
    private readonly double _foldDistance;

    public BrainAnatomy(ulong key, double voxelMillimeters)
    {
        var random = new StableRandom(key);
        double width = random.Between(0.95, 1.03), length = random.Between(0.95, 1.02), height = random.Between(0.95, 1.03);
        _lobes =
        [
            new(0, -2, 9, 73 * width, 86 * length, 63 * height),
            new(33 * width, 12, -14, 31, 46, 31), new(-33 * width, 12, -14, 31, 46, 31),
            new(0, -47, -42, 52 * width, 35, 28),
            new(0, -20, -48, 14, 14, 27),
        ];
        double ventricleSize = random.Between(0.8, 1.35);
        Ellipsoid[] right =
        [
            new Ellipsoid(11, 6, 14, 6.5, 29, 9).Scaled(ventricleSize),
            new Ellipsoid(21, -35, 6, 7, 21, 9).Scaled(ventricleSize * random.Between(0.8, 1.1)),
        ];
        _ventricles = [.. right, .. right.Select(part => part.Mirrored()), new(0, -6, -3, Math.Max(2.5, 0.6 * voxelMillimeters), 13, 9)];
        Ellipsoid[] rightNuclei = [new(17, 12, 6, 6, 15, 9), new(28, 4, 0, 7, 18, 12), new(11, -14, 1, 9, 14, 10)];
        _nuclei = [.. rightNuclei, .. rightNuclei.Select(part => part.Mirrored())];

        double foldSize = Math.Max(16, 2.8 * voxelMillimeters);
        _shape = new(random.NextUInt64(), 42);
        _fold = new(random.NextUInt64(), foldSize);
        _fineFold = new(random.NextUInt64(), foldSize * 0.55);
        _wobble = new(random.NextUInt64(), 22);
        _foldDistance = foldSize * 0.62;
        _cortex = Math.Max(5, 0.95 * voxelMillimeters);
        _softness = Math.Max(2, 0.9 * voxelMillimeters);
    }

    /// <summary>About the distance in mm to the surface of the brain, positive inside.</summary>
    public double Depth(double x, double y, double z)
    {
        // The cerebrum is narrower in front than behind and flat below.
        double t = Math.Clamp((y + 10) / 80, 0, 1);
        double narrowed = x / (1 - (0.12 * t * t));
        double flattened = z < 0 ? z * 1.35 : z;
        double depth = _lobes[0].Depth(narrowed, y, flattened) * 0.9;
        for (int i = 1; i < _lobes.Length; i++)
            depth = Math.Max(depth, _lobes[i].Depth(x, y, z));
        return depth + (3.5 * _shape.At(x, y, z));
    }

    /// <summary>The tissue at a position of the given depth inside the brain.</summary>
    public Tissue At(double x, double y, double z, double depth)
    {
        double wobble = 2 * _wobble.At(x, y, z);
        double fold = _fold.At(x, y, z) + (0.45 * _fineFold.At(x, y, z));
        // Zero sheets of the noise are the sulci; they fade out below the cortex.
        double cortical = Math.Min(depth + 1, (Math.Abs(fold) * _foldDistance) + (Math.Max(0, depth - 21) * 0.7));
        cortical = Math.Min(cortical, FissureDistance(x + wobble, y, z));

        double ventricle = double.NegativeInfinity;
        foreach (Ellipsoid part in _ventricles)
            ventricle = Math.Max(ventricle, part.Depth(x, y, z));
        double inVentricle = Smooth.Step(ventricle + (0.6 * wobble), _softness);
        double nucleus = double.NegativeInfinity;
        foreach (Ellipsoid part in _nuclei)
            nucleus = Math.Max(nucleus, part.Depth(x, y, z));

        double sulcus = 1 - Smooth.Step(cortical - 0.3, _softness);
        double fluid = Math.Max(inVentricle, sulcus * 0.9);
        double gray = Math.Max(1 - Smooth.Step(cortical - _cortex, _softness), 0.75 * Smooth.Step(nucleus + wobble, _softness));
        gray *= 1 - fluid;
        return new Tissue(fluid, gray, 1 - fluid - gray, inVentricle);
    }

    /// <summary>Distance in mm to the cleft between the hemispheres, which ends above the corpus callosum.</summary>
    private static double FissureDistance(double x, double y, double z)
    {
        double u = (y + 5) / 48, w = (z - 2) / 27;
        double bridge = 1 - Math.Sqrt((u * u) + (w * w));
        return Math.Abs(x) + (bridge > -0.1 ? 60 * (bridge + 0.1) : 0) + (z < -20 ? (-20 - z) * 2 : 0);
    }
}
