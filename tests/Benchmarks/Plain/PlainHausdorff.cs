namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>HD95 over two distance transforms of the whole volume (Felzenszwalb and Huttenlocher), as a textbook has it; voxels of 1 mm.</summary>
internal static class PlainHausdorff
{
    public static double Distance95(bool[] left, bool[] right, int sizeX, int sizeY, int sizeZ)
    {
        bool[] leftSurface = Surface(left, sizeX, sizeY, sizeZ);
        bool[] rightSurface = Surface(right, sizeX, sizeY, sizeZ);
        return Math.Max(Directed(leftSurface, rightSurface, sizeX, sizeY, sizeZ), Directed(rightSurface, leftSurface, sizeX, sizeY, sizeZ));
    }

    private static double Directed(bool[] from, bool[] to, int sizeX, int sizeY, int sizeZ)
    {
        double[] squared = SquaredDistances(to, sizeX, sizeY, sizeZ);
        double[] distances = [.. Enumerable.Range(0, from.Length).Where(i => from[i]).Select(i => Math.Sqrt(squared[i])).Order()];
        double rank = 0.95 * (distances.Length - 1);
        int lower = (int)rank;
        double upper = distances[Math.Min(lower + 1, distances.Length - 1)];
        return distances[lower] + ((rank - lower) * (upper - distances[lower]));
    }

    private static bool[] Surface(bool[] mask, int sizeX, int sizeY, int sizeZ)
    {
        bool[] surface = new bool[mask.Length];
        bool Inside(int x, int y, int z) => x >= 0 && y >= 0 && z >= 0 && x < sizeX && y < sizeY && z < sizeZ && mask[x + (sizeX * (y + (sizeY * z)))];
        for (int z = 0; z < sizeZ; z++)
        {
            for (int y = 0; y < sizeY; y++)
            {
                for (int x = 0; x < sizeX; x++)
                {
                    surface[x + (sizeX * (y + (sizeY * z)))] = Inside(x, y, z)
                        && !(Inside(x - 1, y, z)
                            && Inside(x + 1, y, z) && Inside(x, y - 1, z) && Inside(x, y + 1, z) && Inside(x, y, z - 1) && Inside(x, y, z + 1));
                }
            }
        }

        return surface;
    }

    private static double[] SquaredDistances(bool[] seeds, int sizeX, int sizeY, int sizeZ)
    {
        double[] squared = [.. seeds.Select(seed => seed ? 0 : 1e12)];
        for (int z = 0; z < sizeZ; z++)
        {
            for (int y = 0; y < sizeY; y++)
                AlongLine(squared, sizeX * (y + (sizeY * z)), 1, sizeX);
            for (int x = 0; x < sizeX; x++)
                AlongLine(squared, x + (sizeX * sizeY * z), sizeX, sizeY);
        }

        for (int y = 0; y < sizeY; y++)
        {
            for (int x = 0; x < sizeX; x++)
                AlongLine(squared, x + (sizeX * y), sizeX * sizeY, sizeZ);
        }

        return squared;
    }

    private static void AlongLine(double[] values, int start, int stride, int length)
    {
        double[] line = new double[length];
        for (int i = 0; i < length; i++)
            line[i] = values[start + (i * stride)];
        int[] vertex = new int[length];
        double[] from = new double[length + 1];
        int last = 0;
        (from[0], from[1]) = (double.NegativeInfinity, double.PositiveInfinity);
        for (int i = 1; i < length; i++)
        {
            double crossing = Crossing(i, vertex[last]);
            while (crossing <= from[last])
                crossing = Crossing(i, vertex[--last]);
            vertex[++last] = i;
            (from[last], from[last + 1]) = (crossing, double.PositiveInfinity);
        }

        int current = 0;
        for (int i = 0; i < length; i++)
        {
            while (from[current + 1] < i)
                current++;
            int offset = i - vertex[current];
            values[start + (i * stride)] = line[vertex[current]] + ((double)offset * offset);
        }

        double Crossing(int i, int j) => (line[i] + ((double)i * i) - line[j] - ((double)j * j)) / (2 * (i - j));
    }
}
