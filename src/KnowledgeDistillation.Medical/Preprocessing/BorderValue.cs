using System.Runtime.InteropServices;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>The value that is most frequent on the border of a volume: on the four faces across its second and third axis.</summary>
internal static class BorderValue
{
    /// <summary>The value, the smaller of two that are equally frequent; NaN only where there is nothing else.</summary>
    public static float Of(StoredVoxels voxels, VolumeSize size)
    {
        int[] rows = [.. Rows(size)];
        // As in every skull-stripped image; seen without looking at values.
        if (2 * rows.Count(start => voxels.IsZero(start, size.X)) >= rows.Length)
            return 0;
        Dictionary<float, int> counts = [];
        float[] row = new float[size.X];
        foreach (int start in rows)
        {
            voxels.ReadFloats(start, row);
            foreach (float value in row)
                CollectionsMarshal.GetValueRefOrAddDefault(counts, value, out _)++;
        }

        return counts.OrderByDescending(item => float.IsNaN(item.Key) ? 0 : item.Value).ThenBy(item => item.Key).First().Key;
    }

    private static IEnumerable<int> Rows(VolumeSize size)
    {
        for (int z = 0; z < size.Z; z++)
        {
            bool isFace = z == 0 || z == size.Z - 1;
            for (int y = 0; y < size.Y; y += isFace ? 1 : Math.Max(1, size.Y - 1))
                yield return size.X * (y + (size.Y * z));
        }
    }
}
