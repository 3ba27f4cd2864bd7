namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>Soft edges, so that voxels on a border hold a mixture as they do in a scanner.</summary>
internal static class Smooth
{
    /// <summary>0 where the signed distance is at most -width/2, 1 from width/2 on, smooth in between.</summary>
    public static double Step(double distance, double width)
    {
        double t = Math.Clamp((distance / width) + 0.5, 0, 1);
        return t * t * (3 - (2 * t));
    }

    public static double Mix(double a, double b, double weight) => a + ((b - a) * weight);
}
