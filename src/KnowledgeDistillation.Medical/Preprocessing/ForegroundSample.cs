using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Some voxels of each class of a case, on which patches can be centered without looking at all of its labels again.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
internal sealed class ForegroundSample
{
    // Of each class; as many as one training could want to tell apart, and a few MiB for a thousand cases.
    private const int MostVoxels = 1000;

    private readonly int[][] _voxels;

    private ForegroundSample(int[][] voxels) => _voxels = voxels;

    public bool IsEmpty => _voxels.Length == 0;

    public static ForegroundSample Of(ReadOnlySpan<byte> classes)
    {
        Collector collector = new();
        collector.Add(classes);
        return collector.ToSample();
    }

    /// <summary>A voxel of a class drawn at random.</summary>
    public (int X, int Y, int Z) Draw(ref StableRandom random, VolumeSize size)
    {
        int[] voxels = _voxels[(int)(random.NextDouble() * _voxels.Length)];
        int voxel = voxels[(int)(random.NextDouble() * voxels.Length)];
        return (voxel % size.X, voxel / size.X % size.Y, voxel / size.X / size.Y);
    }

    /// <summary>Takes labels in pieces.</summary>
    public sealed class Collector
    {
        private readonly SortedDictionary<byte, List<int>> _voxels = [];
        private int _position;

        public void Add(ReadOnlySpan<byte> classes)
        {
            for (int i = 0; i < classes.Length; i++)
            {
                // Most of a case is background.
                int run = classes[i..].IndexOfAnyExcept((byte)0);
                if (run < 0)
                    break;
                i += run;
                if (classes[i] == LabelMap.Ignored)
                    continue;
                if (!_voxels.TryGetValue(classes[i], out List<int>? voxels))
                    _voxels.Add(classes[i], voxels = []);
                voxels.Add(_position + i);
            }

            _position += classes.Length;
        }

        // Evenly from each class, so that the sample follows from the labels alone.
        public ForegroundSample ToSample() => new([.. _voxels.Values.Select(voxels => voxels.Count <= MostVoxels
            ? voxels.ToArray()
            : [.. Enumerable.Range(0, MostVoxels).Select(i => voxels[(int)((long)i * voxels.Count / MostVoxels)])])]);
    }
}
