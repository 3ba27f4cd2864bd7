using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>How much of each part of a tumor a position holds (soft edges), and its class.</summary>
internal readonly record struct TumorTissue(double Edema, double Core, double Rim, byte Class);

/// <summary>
/// An irregular glioma of three nested parts as a function of position: edema that follows white matter and spares
/// cortex and fluid, within it a core, within it an enhancing rim with gaps around necrosis.
/// </summary>
internal sealed class BrainTumor
{
    private readonly TumorGrade _grade;
    private readonly bool _enhancing;
    private readonly double _x, _y, _z;
    private readonly double _stretchX, _stretchY, _stretchZ;
    private readonly double _coreRadius, _edemaReach, _rim;
    private readonly double _voxel;
    private readonly double _massEffect;
    private readonly SmoothNoise _coarse, _fine, _finger, _patch;

    public BrainTumor(ulong key, TumorGrade grade, bool enhancing, BrainAnatomy brain, double voxelMillimeters)
    {
        var random = new StableRandom(key);
        (_grade, _enhancing, _voxel) = (grade, enhancing, voxelMillimeters);
        bool high = grade == TumorGrade.High;
        _coreRadius = Math.Max(high ? random.Between(14, 25) : random.Between(13, 23), 3.4 * voxelMillimeters);
        _edemaReach = Math.Max(high ? random.Between(10, 22) : random.Between(5, 12), 1.5 * voxelMillimeters);
        _rim = Math.Max(random.Between(4, 7), 1.35 * voxelMillimeters);
        _massEffect = random.Between(0.15, 0.4);
        (_stretchX, _stretchY, _stretchZ) = (random.Between(0.85, 1.15), random.Between(0.85, 1.15), random.Between(0.85, 1.15));
        _coarse = new(random.NextUInt64(), _coreRadius * 0.9);
        _fine = new(random.NextUInt64(), Math.Max(_coreRadius * 0.4, 1.5 * voxelMillimeters));
        _finger = new(random.NextUInt64(), Math.Max(16, 2.5 * voxelMillimeters));
        _patch = new(random.NextUInt64(), Math.Max(13, 2.2 * voxelMillimeters));

        // Gliomas grow in the white matter of the hemispheres; a tumor that would stick out of the brain is moved inwards.
        double side = random.NextUInt64() % 2 == 0 ? 1 : -1;
        (double X, double Y, double Z, double Depth) best = (side * 25, -10, 20, 0);
        for (int attempt = 0; attempt < 60 && best.Depth < 0.9 * _coreRadius; attempt++)
        {
            (double x, double y, double z) = (side * random.Between(16, 50), random.Between(-62, 58), random.Between(-14, 52));
            double depth = brain.Depth(x, y, z);
            if (depth > best.Depth)
                best = (x, y, z, depth);
        }

        (_x, _y, _z, _) = best;
    }

    /// <summary>The position in the healthy brain of the tissue that the growing tumor has pushed to (x, y, z).</summary>
    public (double X, double Y, double Z) BeforeMassEffect(double x, double y, double z)
    {
        double dx = x - _x, dy = y - _y, dz = z - _z;
        double relative = ((dx * dx) + (dy * dy) + (dz * dz)) / (4 * _coreRadius * _coreRadius);
        double pull = 1 - (_massEffect * Math.Exp(-relative));
        return (_x + (dx * pull), _y + (dy * pull), _z + (dz * pull));
    }

    public TumorTissue At(double x, double y, double z, Tissue healthy)
    {
        double dx = (x - _x) * _stretchX, dy = (y - _y) * _stretchY, dz = (z - _z) * _stretchZ;
        double distance = Math.Sqrt((dx * dx) + (dy * dy) + (dz * dz));
        if (distance > (1.5 * _coreRadius) + (2 * _edemaReach) + _voxel)
            return default;

        double core = (_coreRadius * (1 + (0.28 * _coarse.At(x, y, z)) + (0.12 * _fine.At(x, y, z)))) - distance;
        double edema = _coreRadius + (_edemaReach * (1.05 + (0.7 * _finger.At(x, y, z)) + (0.25 * _coarse.At(z, x, y)))) - distance
            - (0.45 * _edemaReach * healthy.Gray) - (_edemaReach * healthy.Fluid) - (0.9 * Math.Max(0, -x * Math.Sign(_x)));
        // A ventricle is displaced, not invaded.
        core -= 1.2 * _coreRadius * healthy.Ventricle;
        edema = Math.Max(edema, core);

        double rim = RimDepth(x, y, z, core);
        double edge = 0.6 * _voxel;
        byte kind = core > 0
            ? rim > 0 ? (byte)BraTSLabelConvention.EnhancingClass : (byte)BraTSLabelConvention.NecrosisClass
            : edema > 0 && healthy.Fluid < 0.5 ? (byte)BraTSLabelConvention.EdemaClass : (byte)BraTSLabelConvention.BackgroundClass;
        double inCore = Smooth.Step(core, edge);
        double inEdema = Smooth.Step(edema, Math.Max(4, edge)) * (1 - Math.Max(healthy.Fluid, healthy.Ventricle));
        return new TumorTissue(inEdema, inCore, inCore * Smooth.Step(rim, edge), kind);
    }

    /// <summary>Signed distance to the enhancing part, given the depth in the core.</summary>
    private double RimDepth(double x, double y, double z, double core)
    {
        if (!_enhancing)
            return double.NegativeInfinity;
        double patch = _patch.At(x, y, z);
        if (_grade == TumorGrade.Low)
            return (patch - 0.05) * 0.8 * _coreRadius;
        double inner = (_rim * (1 + (0.55 * patch))) - core;
        double gap = (0.75 - _fine.At(y, z, x)) * _rim * 2;
        return Math.Min(inner, gap);
    }
}
