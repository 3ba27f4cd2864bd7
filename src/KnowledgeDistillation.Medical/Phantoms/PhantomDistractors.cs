using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>Things that look like tumor in one modality and are not: vessels and choroid plexus in T1ce, white matter lesions in FLAIR and T2.</summary>
internal sealed class PhantomDistractors
{
    private readonly List<(double X, double Y, double Z, double Radius)> _lesions = [];
    private readonly Dictionary<(int, int, int), List<(double X, double Y, double Z, double Radius)>> _vessels = [];
    private readonly double _voxel;
    private readonly double _strength;
    private readonly SmoothNoise _plexus;

    public PhantomDistractors(ulong key, double amount, BrainAnatomy brain, double voxelMillimeters)
    {
        var random = new StableRandom(key);
        (_voxel, _strength) = (voxelMillimeters, Math.Min(1, amount));
        _plexus = new SmoothNoise(random.NextUInt64(), Math.Max(12, 2 * voxelMillimeters));
        int lesions = (int)Math.Round(amount * random.Between(2, 8));
        for (int i = 0; i < lesions; i++)
        {
            double side = random.NextUInt64() % 2 == 0 ? 1 : -1;
            _lesions.Add(
                (side * random.Between(18, 40), random.Between(-50, 45), random.Between(5, 40), Math.Max(random.Between(2.5, 6.5), 0.8 * voxelMillimeters)));
        }

        int vessels = (int)Math.Round(amount * random.Between(5, 10));
        for (int i = 0; i < vessels; i++)
            AddVessel(ref random, brain);
        if (amount > 0)
            AddSagittalSinus(ref random, brain);
    }

    /// <summary>How much of a white matter lesion, and how much of an enhancing vessel or plexus a position holds.</summary>
    public readonly record struct Share(double Lesion, double Vessel);

    public Share At(double x, double y, double z, Tissue healthy)
    {
        double lesion = 0;
        foreach (var (lx, ly, lz, radius) in _lesions)
        {
            double square = Square(x - lx, y - ly, z - lz);
            if (square < 4 * (radius + _voxel) * (radius + _voxel))
                lesion = Math.Max(lesion, Smooth.Step(radius - Math.Sqrt(square), 0.9 * _voxel));
        }

        double vessel = 0;
        if (_vessels.TryGetValue((CellOf(x), CellOf(y), CellOf(z)), out var nearby))
        {
            foreach (var (vx, vy, vz, radius) in nearby)
            {
                double square = Square(x - vx, y - vy, z - vz);
                if (square < (radius + _voxel) * (radius + _voxel))
                    vessel = Math.Max(vessel, Smooth.Step(radius - Math.Sqrt(square), 1.2 * _voxel));
            }
        }

        double plexus = healthy.Ventricle * Smooth.Step(_plexus.At(x, y, z) - 0.3, 0.3) * 0.8 * _strength;
        return new Share(lesion * healthy.White, Math.Max(vessel, plexus));
    }

    private static double Square(double x, double y, double z) => (x * x) + (y * y) + (z * z);

    /// <summary>A chain of balls that wanders just below the surface of the brain, or along the midline.</summary>
    private void AddVessel(ref StableRandom random, BrainAnatomy brain)
    {
        double radius = Math.Max(random.Between(0.9, 1.9), 0.33 * _voxel);
        double depth = random.Between(2, 12);
        (double dx, double dy, double dz) = Direction(ref random);
        (double tx, double ty, double tz) = Direction(ref random);
        double step = Math.Max(1.2, 0.5 * _voxel);
        int length = (int)(random.Between(25, 70) / step);
        for (int i = 0; i < length; i++)
        {
            double distance = DistanceAtDepth(brain, dx, dy, dz, depth);
            AddBall(dx * distance, dy * distance, dz * distance, radius);
            double turn = step / Math.Max(distance, 20);
            (tx, ty, tz) = (tx + (0.25 * random.NextGaussian()), ty + (0.25 * random.NextGaussian()), tz + (0.25 * random.NextGaussian()));
            double tangent = Math.Sqrt(Square(tx, ty, tz)) + 1e-9;
            (dx, dy, dz) = (dx + (turn * tx / tangent), dy + (turn * ty / tangent), dz + (turn * tz / tangent));
            double norm = Math.Sqrt(Square(dx, dy, dz));
            (dx, dy, dz) = (dx / norm, dy / norm, dz / norm);
        }
    }

    /// <summary>The large vein along the upper midline, from the forehead to the back.</summary>
    private void AddSagittalSinus(ref StableRandom random, BrainAnatomy brain)
    {
        double radius = Math.Max(random.Between(1.6, 2.6), 0.4 * _voxel);
        double step = Math.Max(1.5, 0.5 * _voxel) / 80;
        for (double angle = 0.1 * Math.PI; angle < 1.05 * Math.PI; angle += step)
        {
            (double dy, double dz) = (Math.Cos(angle), Math.Sin(angle));
            double distance = DistanceAtDepth(brain, 0, dy, dz, 1);
            AddBall(0, dy * distance, dz * distance, radius);
        }
    }

    /// <summary>The distance from the center, along a direction, at which the brain has the given depth; found by bisection.</summary>
    private static double DistanceAtDepth(BrainAnatomy brain, double dx, double dy, double dz, double depth)
    {
        double low = 0, high = 110;
        for (int bisection = 0; bisection < 14; bisection++)
        {
            double middle = 0.5 * (low + high);
            if (brain.Depth(dx * middle, dy * middle, dz * middle) > depth)
                low = middle;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Lists each ball in every cell that it may touch, so that a voxel is compared with a handful of balls instead of hundreds.</summary>
    private void AddBall(double x, double y, double z, double radius)
    {
        double reach = radius + _voxel;
        for (int k = CellOf(z - reach); k <= CellOf(z + reach); k++)
        {
            for (int j = CellOf(y - reach); j <= CellOf(y + reach); j++)
            {
                for (int i = CellOf(x - reach); i <= CellOf(x + reach); i++)
                {
                    if (!_vessels.TryGetValue((i, j, k), out var balls))
                        _vessels.Add((i, j, k), balls = []);
                    balls.Add((x, y, z, radius));
                }
            }
        }
    }

    private int CellOf(double coordinate) => (int)Math.Floor(coordinate / Math.Max(8, 2 * _voxel));

    private static (double X, double Y, double Z) Direction(ref StableRandom random)
    {
        (double x, double y, double z) = (random.NextGaussian(), random.NextGaussian(), random.NextGaussian());
        double norm = Math.Sqrt(Square(x, y, z)) + 1e-9;
        return (x / norm, y / norm, z / norm);
    }
}
