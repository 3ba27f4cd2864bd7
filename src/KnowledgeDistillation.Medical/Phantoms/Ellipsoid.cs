namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>An axis-aligned ellipsoid in mm.</summary>
internal readonly record struct Ellipsoid(double CenterX, double CenterY, double CenterZ, double RadiusX, double RadiusY, double RadiusZ)
{
    /// <summary>About the distance in mm to the surface, positive inside.</summary>
    public double Depth(double x, double y, double z)
    {
        double u = (x - CenterX) / RadiusX, v = (y - CenterY) / RadiusY, w = (z - CenterZ) / RadiusZ;
        double r = Math.Sqrt((u * u) + (v * v) + (w * w));
        // Between the two usual estimates: exact along the shortest axis near the center, exact at the surface everywhere.
        return (1 - r) * Math.Min(RadiusX, Math.Min(RadiusY, RadiusZ)) * (1 + (0.35 * Math.Min(r, 1)));
    }

    public Ellipsoid Scaled(double factor) => this with { RadiusX = RadiusX * factor, RadiusY = RadiusY * factor, RadiusZ = RadiusZ * factor };

    public Ellipsoid Mirrored() => this with { CenterX = -CenterX };
}
