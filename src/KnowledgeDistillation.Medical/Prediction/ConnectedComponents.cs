using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>The parts of a mask that hang together: voxels that share a face, an edge or a corner (26 neighbors).</summary>
/// <remarks>Works on runs of voxels along x, of which a mask has far fewer than voxels.</remarks>
internal sealed class ConnectedComponents
{
    private readonly List<(int Start, int Length)> _runs = [];
    private readonly List<int> _parents = [];

    private ConnectedComponents()
    {
    }

    /// <summary>Finds the parts.</summary>
    /// <param name="mask">Whether each voxel belongs to it, x fastest.</param>
    /// <param name="size">The size of the volume.</param>
    public static ConnectedComponents Of(ReadOnlySpan<bool> mask, VolumeSize size)
    {
        ConnectedComponents components = new();
        // The first run of each row, and behind the last row the number of runs.
        int[] rows = new int[(size.Y * size.Z) + 1];
        for (int row = 0; row < size.Y * size.Z; row++)
        {
            rows[row] = components._runs.Count;
            components.AddRuns(mask.Slice(row * size.X, size.X), row * size.X);
            rows[row + 1] = components._runs.Count;
            (int y, int z) = (row % size.Y, row / size.Y);
            if (y > 0)
                components.Join(rows, row, row - 1, size.X);
            for (int neighbor = Math.Max(0, y - 1); z > 0 && neighbor <= Math.Min(size.Y - 1, y + 1); neighbor++)
                components.Join(rows, row, ((z - 1) * size.Y) + neighbor, size.X);
        }

        return components;
    }

    /// <summary>The number of voxels of the largest part; 0 where there is none.</summary>
    public int LargestSize => Sizes().Values.DefaultIfEmpty(0).Max();

    /// <summary>The number of parts.</summary>
    public int Count => Sizes().Count;

    /// <summary>The runs of voxels that do not belong to the largest part; of equally large ones, the first in memory is kept.</summary>
    public IEnumerable<(int Start, int Length)> AllButLargest()
    {
        Dictionary<int, int> sizes = Sizes();
        if (sizes.Count < 2)
            yield break;
        int largest = sizes.MaxBy(part => (part.Value, -part.Key)).Key;
        for (int run = 0; run < _runs.Count; run++)
        {
            if (Root(run) != largest)
                yield return _runs[run];
        }
    }

    private Dictionary<int, int> Sizes()
    {
        Dictionary<int, int> sizes = [];
        for (int run = 0; run < _runs.Count; run++)
            sizes[Root(run)] = sizes.GetValueOrDefault(Root(run)) + _runs[run].Length;
        return sizes;
    }

    private void AddRuns(ReadOnlySpan<bool> row, int offset)
    {
        int start = row.IndexOf(true);
        while (start >= 0)
        {
            int length = row[start..].IndexOf(false) is int end and >= 0 ? end : row.Length - start;
            _runs.Add((offset + start, length));
            _parents.Add(_parents.Count);
            int next = row[(start + length)..].IndexOf(true);
            start = next < 0 ? -1 : start + length + next;
        }
    }

    // Runs of two neighboring rows touch where they overlap after each was made longer by a voxel.
    private void Join(int[] rows, int row, int other, int width)
    {
        (int i, int j) = (rows[row], rows[other]);
        while (i < rows[row + 1] && j < rows[other + 1])
        {
            (int start, int length) = (_runs[i].Start - (row * width), _runs[i].Length);
            (int otherStart, int otherLength) = (_runs[j].Start - (other * width), _runs[j].Length);
            if (start <= otherStart + otherLength && otherStart <= start + length)
                Join(i, j);
            if (start + length < otherStart + otherLength)
                i++;
            else
                j++;
        }
    }

    // The smaller number is the root, so that it is the first run in memory.
    private void Join(int first, int second)
    {
        (int a, int b) = (Root(first), Root(second));
        _parents[Math.Max(a, b)] = Math.Min(a, b);
    }

    private int Root(int run)
    {
        while (_parents[run] != run)
        {
            _parents[run] = _parents[_parents[run]];
            run = _parents[run];
        }

        return run;
    }
}
