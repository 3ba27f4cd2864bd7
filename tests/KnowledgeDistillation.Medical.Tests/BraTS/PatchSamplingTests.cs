using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PatchSamplingTests : IDisposable
{
    private static readonly PreprocessingOptions Whole = new() { CropSize = null, SizeMultiple = 1, SubsamplingFactor = 1 };
    private static readonly VolumeSize Patch = new(8, 6, 10);

    private readonly TemporaryFolder _folder = new();
    private readonly IReadOnlyList<CachedCase> _cached;

    public PatchSamplingTests()
    {
        new BraTSPhantom(new() { Size = new VolumeSize(16, 18, 20) }).WriteDataset(_folder["data"], 3);
        _cached = new PreprocessingCache(_folder["cache"], Whole).Prepare(MedicalDataset.Open(_folder["data"]).Cases);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Patches_from_the_cache_are_those_from_memory_and_lie_within_their_case()
    {
        CaseBatchOptions options = Options() with { BatchSize = 2 };
        PreprocessedCase[] inMemory = [.. _cached.Select(item => item.Load())];
        List<Taken> fromCache = Read(new CaseBatchSource(_cached, options), 0), fromMemory = Read(new CaseBatchSource(inMemory, options), 0);

        fromCache.Should().HaveCount(3 * 4);
        fromCache.GroupBy(patch => patch.Id).Should().OnlyContain(group => group.Count() == 4);
        foreach ((Taken one, Taken other) in fromCache.Zip(fromMemory))
        {
            one.Id.Should().Be(other.Id);
            one.Image.Should().Equal(other.Image);
            one.Classes.Should().Equal(other.Classes);
            FindIn(inMemory.Single(item => item.Id == one.Id), one).Should().BeTrue("a patch is a part of its case");
        }
    }

    [Fact]
    public void A_case_that_is_smaller_than_a_patch_is_padded_on_both_sides()
    {
        CaseBatchOptions options = Options() with { Patches = new() { Size = new VolumeSize(20, 24, 20), ForegroundShare = 1 } };
        PreprocessedCase item = _cached[0].Load();
        VolumeSize size = item.Size;

        foreach (CaseBatchSource source in new[] { new CaseBatchSource([_cached[0]], options), new CaseBatchSource([item], options) })
        {
            Taken patch = Read(source, 0).Single();
            for (int z = 0; z < 20; z++)
            {
                for (int y = 0; y < 24; y++)
                {
                    for (int x = 0; x < 20; x++)
                    {
                        (int sx, int sy, int sz) = (x - ((20 - size.X) / 2), y - ((24 - size.Y) / 2), z - ((20 - size.Z) / 2));
                        bool inside = sx >= 0 && sy >= 0 && sz >= 0 && sx < size.X && sy < size.Y && sz < size.Z;
                        int place = x + (20 * (y + (24 * z)));
                        patch.Image[place].Should().Be(inside ? item.Images["t1ce"][size.IndexOf(sx, sy, sz)] : 0);
                        patch.Classes[place].Should().Be(inside ? item.Classes![size.IndexOf(sx, sy, sz)] : (byte)0);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.0 / 3)]
    [InlineData(1)]
    public void A_share_of_the_patches_has_foreground_at_its_center(double share)
    {
        // Patches of one voxel show their center, wherever the case ends.
        CaseBatchOptions options =
            Options() with { BatchSize = 1, Patches = new() { Size = VolumeSize.Cube(1), ForegroundShare = share, PatchesPerCase = 300 } };
        double natural = _cached.Average(item => item.Load().Classes!.Count(number => number != 0) / (double)item.Geometry.Size.VoxelCount);

        List<Taken> patches = Read(new CaseBatchSource(_cached, options), 0);

        double found = patches.Count(patch => patch.Classes[0] != 0) / 900.0;
        found.Should().BeApproximately(share + ((1 - share) * natural), 0.06);
        if (share == 1)
        {
            // Classes are drawn, and not voxels, so that a small one is seen as often.
            foreach (int number in new[] { 1, 2, 3 })
                patches.Count(patch => patch.Classes[0] == number).Should().BeInRange(200, 400);
        }
    }

    [Fact]
    public void The_same_epoch_gives_the_same_patches_and_another_epoch_or_seed_gives_others()
    {
        List<Taken> first = Read(new CaseBatchSource(_cached, Options()), 2);

        Read(new CaseBatchSource(_cached, Options()), 2).Should().BeEquivalentTo(first, options => options.WithStrictOrdering());
        Read(new CaseBatchSource(_cached, Options()), 3).Select(Key).Should().NotIntersectWith(first.Select(Key));
        Read(new CaseBatchSource(_cached, Options() with { Seed = 9 }), 2).Select(Key).Should().NotIntersectWith(first.Select(Key));
        // What a case gives does not depend on the others.
        Read(new CaseBatchSource([_cached[1]], Options()), 2).Select(Key).Should().BeEquivalentTo(first.Where(patch => patch.Id == _cached[1].Id).Select(Key));

        static string Key(Taken patch) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(patch.Image.AsSpan())));
    }

    [Fact]
    public void A_batch_of_patches_promises_no_content_that_a_teacher_could_keep()
    {
        using Batch batch = new CaseBatchSource(_cached, Options()).ReadEpoch(0).First();
        batch.ContentIds.Should().BeNull();
        batch.Images.Names.Should().BeEquivalentTo(BraTSModality.All);
    }

    [Theory]
    [InlineData(-5)]
    [InlineData(400)]
    public void A_damaged_entry_is_made_anew_before_a_patch_is_taken_from_it(int position)
    {
        CaseBatchSource source = new(_cached, Options());
        List<Taken> sound = Read(source, 0);
        string entry = Directory.EnumerateFiles(_folder["cache"], "*.prep", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(entry);
        bytes[position < 0 ? bytes.Length + position : position] ^= 1;
        File.WriteAllBytes(entry, bytes);
        File.SetLastWriteTimeUtc(entry, DateTime.UtcNow.AddMinutes(1));

        Read(source, 0).Should().BeEquivalentTo(sound, options => options.WithStrictOrdering());
        Read(new CaseBatchSource(_cached, Options()), 0).Should().BeEquivalentTo(sound, options => options.WithStrictOrdering());
    }

    [Fact]
    public void Thousands_of_patches_need_no_more_memory_than_a_few()
    {
        CaseBatchSource source = new(_cached, Options() with { Patches = new() { Size = VolumeSize.Cube(4), PatchesPerCase = 30 } });
        foreach (Batch batch in source.ReadEpoch(0))
            batch.Dispose();
        long few = GC.GetTotalMemory(forceFullCollection: true);
        for (int epoch = 1; epoch < 40; epoch++)
        {
            foreach (Batch batch in source.ReadEpoch(epoch))
                batch.Dispose();
        }

        (GC.GetTotalMemory(forceFullCollection: true) - few).Should().BeLessThan(1 << 20);
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        FluentActions.Invoking(
            () => new CaseBatchSource(_cached, new() { Patches = new() { Size = new VolumeSize(0, 4, 4), ForegroundShare = 2, PatchesPerCase = 0 } }))
            .Should().Throw<ArgumentException>().WithMessage("*Size*ForegroundShare*PatchesPerCase*");
    }

    private static CaseBatchOptions Options() => new() { Seed = 4, Flip = false, Patches = new() { Size = Patch, PatchesPerCase = 4 } };

    private static List<Taken> Read(CaseBatchSource source, int epoch)
    {
        List<Taken> taken = [];
        foreach (Batch batch in source.ReadEpoch(epoch))
        {
            using (batch)
            {
                for (int i = 0; i < batch.CaseIds.Count; i++)
                    taken.Add(new(batch.CaseIds[i], batch.Images["t1ce"][i].data<float>().ToArray(), batch.Labels[i].data<byte>().ToArray()));
            }
        }

        return taken;
    }

    private static bool FindIn(PreprocessedCase item, Taken patch)
    {
        VolumeSize size = item.Size;
        for (int start = 0; start < size.VoxelCount; start++)
        {
            (int x0, int y0, int z0) = (start % size.X, start / size.X % size.Y, start / size.X / size.Y);
            if (x0 + Patch.X > size.X || y0 + Patch.Y > size.Y || z0 + Patch.Z > size.Z)
                continue;
            bool same = true;
            for (int i = 0; same && i < patch.Image.Length; i++)
            {
                int place = size.IndexOf(x0 + (i % Patch.X), y0 + (i / Patch.X % Patch.Y), z0 + (i / Patch.X / Patch.Y));
                same = item.Images["t1ce"][place] == patch.Image[i] && item.Classes![place] == patch.Classes[i];
            }

            if (same)
                return true;
        }

        return false;
    }

    private sealed record Taken(string Id, float[] Image, byte[] Classes);
}
