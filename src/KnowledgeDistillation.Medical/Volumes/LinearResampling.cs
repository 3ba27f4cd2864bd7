using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>Trilinear interpolation between grids whose axes run alike, x fastest.</summary>
internal static class LinearResampling
{
    /// <summary>Values between voxels.</summary>
    /// <param name="voxels">One value per voxel, as many along each axis as its places say.</param>
    /// <param name="x">The places along x.</param>
    /// <param name="y">The places along y.</param>
    /// <param name="z">The places along z.</param>
    public static float[] Values(ReadOnlySpan<float> voxels, AxisPlaces x, AxisPlaces y, AxisPlaces z)
    {
        float[] alongX = new float[x.Count * y.Length * z.Length];
        for (int row = 0; row < y.Length * z.Length; row++)
        {
            ReadOnlySpan<float> source = voxels.Slice(row * x.Length, x.Length);
            Span<float> target = alongX.AsSpan(row * x.Count, x.Count);
            for (int i = 0; i < target.Length; i++)
            {
                (int first, int second, float share) = x[i];
                target[i] = Between(source[first], source[second], share);
            }
        }

        return AlongRows(AlongRows(alongX, x.Count, y, z.Length), x.Count * y.Count, z, 1);
    }

    /// <summary>Brings a volume to another number of voxels over the same space, as torch does it with "align corners" off.</summary>
    /// <param name="voxels">One value per voxel.</param>
    /// <param name="size">The size of the volume.</param>
    /// <param name="target">The size wanted.</param>
    public static float[] Resize(ReadOnlySpan<float> voxels, VolumeSize size, VolumeSize target)
    {
        return Values(voxels, Places(size.X, target.X), Places(size.Y, target.Y), Places(size.Z, target.Z));

        static AxisPlaces Places(int length, int count) => new(count, length, i => ((i + 0.5) * length / count) - 0.5);
    }

    /// <summary>The class that has most of the interpolated share of a voxel, the lowest where several have as much.</summary>
    /// <param name="classes">One class per voxel.</param>
    /// <param name="x">The places along x.</param>
    /// <param name="y">The places along y.</param>
    /// <param name="z">The places along z.</param>
    public static byte[] Classes(ReadOnlySpan<byte> classes, AxisPlaces x, AxisPlaces y, AxisPlaces z)
    {
        byte[] result = new byte[new VolumeSize(x.Count, y.Count, z.Count).VoxelCount];
        Span<float> shares = stackalloc float[byte.MaxValue + 1];
        int at = 0;
        for (int k = 0; k < z.Count; k++)
        {
            (int z0, int z1, float dz) = z[k];
            for (int j = 0; j < y.Count; j++)
            {
                (int y0, int y1, float dy) = y[j];
                ReadOnlySpan<byte> row00 = Row(classes, y0, z0), row01 = Row(classes, y1, z0), row10 = Row(classes, y0, z1), row11 = Row(classes, y1, z1);
                for (int i = 0; i < x.Count; i++)
                {
                    (int x0, int x1, float dx) = x[i];
                    ReadOnlySpan<byte> corners = [row00[x0], row00[x1], row01[x0], row01[x1], row10[x0], row10[x1], row11[x0], row11[x1]];
                    if (!corners.ContainsAnyExcept(corners[0]))
                    {
                        result[at++] = corners[0];
                        continue;
                    }

                    for (int corner = 0; corner < corners.Length; corner++)
                    {
                        shares[corners[corner]] += ((corner & 1) == 0 ? 1 - dx : dx) * ((corner & 2) == 0 ? 1 - dy : dy) * ((corner & 4) == 0 ? 1 - dz : dz);
                    }

                    byte most = corners[0];
                    foreach (byte corner in corners)
                        most = shares[corner] > shares[most] || (shares[corner] == shares[most] && corner < most) ? corner : most;
                    result[at++] = most;
                    foreach (byte corner in corners)
                        shares[corner] = 0;
                }
            }
        }

        return result;

        ReadOnlySpan<byte> Row(ReadOnlySpan<byte> all, int row, int slice) => all.Slice(x.Length * (row + (y.Length * slice)), x.Length);
    }

    // Rows of `inner` neighboring values follow one another along the axis, in `outer` blocks.
    private static float[] AlongRows(float[] source, int inner, AxisPlaces places, int outer)
    {
        float[] result = new float[inner * places.Count * outer];
        for (int block = 0; block < outer; block++)
        {
            for (int i = 0; i < places.Count; i++)
            {
                (int first, int second, float share) = places[i];
                ReadOnlySpan<float> one = source.AsSpan(((block * places.Length) + first) * inner, inner);
                ReadOnlySpan<float> other = source.AsSpan(((block * places.Length) + second) * inner, inner);
                Span<float> target = result.AsSpan(((block * places.Count) + i) * inner, inner);
                for (int j = 0; j < target.Length; j++)
                    target[j] = Between(one[j], other[j], share);
            }
        }

        return result;
    }

    private static float Between(float one, float other, float share) => ((1 - share) * one) + (share * other);
}
