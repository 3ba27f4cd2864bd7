using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>A smooth random field in [-1, 1] with features of a given size: values on a periodic lattice of 16³ points, blended by smoothstep.</summary>
internal sealed class SmoothNoise
{
    private const int Period = 16;
    private readonly float[] _lattice = new float[Period * Period * Period];
    private readonly double _cellsPerMillimeter;

    public SmoothNoise(ulong key, double featureMillimeters)
    {
        var random = new StableRandom(key);
        for (int i = 0; i < _lattice.Length; i++)
            _lattice[i] = (float)random.Between(-1, 1);
        _cellsPerMillimeter = 1 / featureMillimeters;
    }

    public double At(double x, double y, double z)
    {
        (int x0, int x1, float wx) = Cell(x * _cellsPerMillimeter);
        (int y0, int y1, float wy) = Cell(y * _cellsPerMillimeter);
        (int z0, int z1, float wz) = Cell(z * _cellsPerMillimeter);
        return Lerp(Plane(z0), Plane(z1), wz);

        float Plane(int k) => Lerp(Row(y0, k), Row(y1, k), wy);
        float Row(int j, int k) => Lerp(_lattice[x0 + (Period * (j + (Period * k)))], _lattice[x1 + (Period * (j + (Period * k)))], wx);
    }

    private static (int Low, int High, float Weight) Cell(double t)
    {
        double floor = Math.Floor(t);
        float f = (float)(t - floor);
        int low = (int)floor & (Period - 1);
        return (low, (low + 1) & (Period - 1), f * f * (3 - (2 * f)));
    }

    private static float Lerp(float a, float b, float t) => a + ((b - a) * t);
}
