using FluentAssertions;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class ConnectedComponentsTests
{
    [Fact]
    public void Voxels_that_share_a_corner_hang_together()
    {
        VolumeSize size = new(3, 3, 3);
        bool[] mask = new bool[size.VoxelCount];
        mask[size.IndexOf(0, 0, 0)] = mask[size.IndexOf(1, 1, 1)] = mask[size.IndexOf(2, 0, 2)] = true;

        var components = ConnectedComponents.Of(mask, size);

        (components.Count, components.LargestSize).Should().Be((1, 3));
        components.AllButLargest().Should().BeEmpty();
    }

    [Fact]
    public void The_end_of_a_row_and_the_begin_of_the_next_are_no_neighbors()
    {
        VolumeSize size = new(4, 2, 1);
        bool[] mask = new bool[size.VoxelCount];
        mask[size.IndexOf(3, 0, 0)] = mask[size.IndexOf(0, 1, 0)] = mask[size.IndexOf(1, 1, 0)] = true;

        ConnectedComponents.Of(mask, size).AllButLargest().Should().Equal((3, 1));
    }

    [Fact]
    public void Nothing_and_everything_work()
    {
        VolumeSize size = new(5, 4, 3);
        ConnectedComponents.Of(new bool[size.VoxelCount], size).Count.Should().Be(0);
        var all = ConnectedComponents.Of([.. Enumerable.Repeat(true, size.VoxelCount)], size);
        (all.Count, all.LargestSize).Should().Be((1, size.VoxelCount));
    }

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(2, 0.2)]
    [InlineData(3, 0.3)]
    [InlineData(4, 0.5)]
    public void Parts_are_those_of_a_flood(int seed, double share)
    {
        VolumeSize size = new(17, 11, 9);
        Random random = new(seed);
        bool[] mask = [.. Enumerable.Range(0, size.VoxelCount).Select(_ => random.NextDouble() < share)];
        List<HashSet<int>> parts = Flood(mask, size);
        int largest = parts.Max(part => part.Count);
        HashSet<int> kept = parts.First(part => part.Count == largest);

        var components = ConnectedComponents.Of(mask, size);

        (components.Count, components.LargestSize).Should().Be((parts.Count, largest));
        components.AllButLargest().SelectMany(run => Enumerable.Range(run.Start, run.Length)).Order()
            .Should().Equal(parts.Where(part => part != kept).SelectMany(part => part).Order());
    }

    // In the order of their first voxels.
    private static List<HashSet<int>> Flood(bool[] mask, VolumeSize size)
    {
        List<HashSet<int>> parts = [];
        HashSet<int> seen = [];
        for (int i = 0; i < mask.Length; i++)
        {
            if (!mask[i] || !seen.Add(i))
                continue;
            HashSet<int> part = [i];
            Stack<int> open = new([i]);
            while (open.TryPop(out int voxel))
            {
                (int x, int y, int z) = (voxel % size.X, voxel / size.X % size.Y, voxel / size.X / size.Y);
                for (int step = 0; step < 27; step++)
                {
                    (int nx, int ny, int nz) = (x + (step % 3) - 1, y + (step / 3 % 3) - 1, z + (step / 9) - 1);
                    if (nx < 0 || ny < 0 || nz < 0 || nx >= size.X || ny >= size.Y || nz >= size.Z || !mask[size.IndexOf(nx, ny, nz)])
                        continue;
                    if (seen.Add(size.IndexOf(nx, ny, nz)))
                    {
                        part.Add(size.IndexOf(nx, ny, nz));
                        open.Push(size.IndexOf(nx, ny, nz));
                    }
                }
            }

            parts.Add(part);
        }

        return parts;
    }
}
