using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class BraTSBatchSourceTests : IDisposable
{
    private static readonly PreprocessingOptions Options = new() { CropSize = VolumeSize.Cube(16), SubsamplingFactor = 1 };
    private static readonly PreprocessedCase[] Cases = [.. Enumerable.Range(0, 7).Select(index =>
        new Preprocessor(Options).Process($"case{index}", new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).Create(index)))];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Batches_hold_each_modality_by_name_and_labels_as_classes()
    {
        CaseBatchSource source = new(Cases, CaseBatchOptions.Evaluation with { BatchSize = 3 });
        source.BatchCount.Should().Be(3);
        Batch[] batches = [.. source.ReadEpoch(0)];
        batches.Select(batch => batch.CaseIds.Count).Should().Equal(3, 3, 1);
        batches.SelectMany(batch => batch.CaseIds).Should().Equal(Cases.Select(item => item.Id));
        Batch second = batches[1];
        second.Images.Names.Should().BeEquivalentTo(BraTSModality.All);
        second.Images["t1ce"].shape.Should().Equal(3, 1, 16, 16, 16);
        second.Images["t1ce"].dtype.Should().Be(torch.ScalarType.Float32);
        second.Images["t1ce"][1, 0].data<float>().ToArray().Should().Equal(Cases[4].Images["t1ce"]);
        second.Labels.shape.Should().Equal(3, 16, 16, 16);
        second.Labels[2].data<byte>().ToArray().Should().Equal(Cases[5].Classes!);
        second.ContentIds.Should().BeNull("arrays that a caller holds may change");
        foreach (Batch batch in batches)
            batch.Dispose();
    }

    [Fact]
    public void Images_and_labels_are_flipped_together_as_the_augmentation_says()
    {
        foreach (Batch batch in new CaseBatchSource(Cases, new() { Seed = 5, Shuffle = false }).ReadEpoch(3))
        {
            using (batch)
            {
                PreprocessedCase item = Cases.Single(candidate => candidate.Id == batch.CaseIds[0]);
                Flips flips = FlipAugmentation.Draw(5, 3, item.Id);
                long[] axes = [.. new[] { (flips.Z, 0L), (flips.Y, 1L), (flips.X, 2L) }.Where(pair => pair.Item1).Select(pair => pair.Item2)];
                using torch.Tensor image = torch.tensor(item.Images["flair"], [16, 16, 16]), labels = torch.tensor(item.Classes!, [16, 16, 16]);
                batch.Images["flair"][0, 0].data<float>().ToArray().Should().Equal(image.flip(axes).data<float>().ToArray());
                batch.Labels[0].data<byte>().ToArray().Should().Equal(labels.flip(axes).data<byte>().ToArray());
            }
        }
    }

    [Fact]
    public void Order_follows_from_seed_and_epoch_and_holds_each_case_once()
    {
        string Order(long seed, int epoch) => string.Join(' ', new CaseBatchSource(Cases, new() { Seed = seed }).ReadEpoch(epoch).Select(IdOf));
        Order(0, 4).Should().Be(Order(0, 4));
        Order(0, 4).Split(' ').Should().BeEquivalentTo(Cases.Select(item => item.Id));
        Enumerable.Range(0, 4).Select(epoch => Order(0, epoch)).Should().OnlyHaveUniqueItems();
        Order(1, 4).Should().NotBe(Order(0, 4));
    }

    [Fact]
    public void Cached_cases_give_the_same_batches_as_cases_in_memory()
    {
        new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).WriteDataset(_folder["data"], 3, TestContext.Current.CancellationToken);
        IReadOnlyList<CachedCase> cached = new PreprocessingCache(_folder["cache"], Options)
            .Prepare(MedicalDataset.Open(_folder["data"]).Cases, cancellation: TestContext.Current.CancellationToken);
        float[][] Read(CaseBatchSource source) => [.. source.ReadEpoch(1).Select(batch =>
        {
            using (batch)
                return batch.Images["t2"].data<float>().ToArray();
        })];

        float[][] fromCache = Read(new CaseBatchSource(cached));

        float[][] fromMemory = Read(new CaseBatchSource([.. cached.Select(item => item.Load())]));
        fromCache.Length.Should().Be(3);
        for (int i = 0; i < 3; i++)
            fromCache[i].Should().Equal(fromMemory[i]);
    }

    [Fact]
    public void Batches_of_cached_cases_say_what_they_hold_and_another_flip_or_other_options_are_another_content()
    {
        new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).WriteDataset(_folder["data"], 2, TestContext.Current.CancellationToken);
        IReadOnlyList<MedicalCase> cases = MedicalDataset.Open(_folder["data"]).Cases;
        Dictionary<string, float[]> voxels = new(StringComparer.Ordinal);
        foreach (PreprocessingOptions options in new[] { Options, Options with { CropSize = VolumeSize.Cube(8) } })
        {
            IReadOnlyList<CachedCase> cached = new PreprocessingCache(_folder["cache"], options)
                .Prepare(cases, cancellation: TestContext.Current.CancellationToken);
            for (int epoch = 0; epoch < 12; epoch++)
            {
                foreach (Batch batch in new CaseBatchSource(cached, new() { Seed = 3 }).ReadEpoch(epoch))
                {
                    using (batch)
                    {
                        float[] image = batch.Images["t1ce"].data<float>().ToArray();
                        if (!voxels.TryAdd(batch.ContentIds!.Single(), image))
                            voxels[batch.ContentIds!.Single()].Should().Equal(image, "the same content has the same voxels");
                    }
                }
            }
        }

        voxels.Count.Should().BeInRange(8, 32, "two cases by two options, each in up to eight orientations");
        voxels.Values.Select(image => string.Join(' ', image)).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Error_while_reading_ahead_reaches_the_consumer_as_itself_after_the_good_batches()
    {
        new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).WriteDataset(_folder["data"], 3, TestContext.Current.CancellationToken);
        IReadOnlyList<CachedCase> cached = new PreprocessingCache(_folder["cache"], Options)
            .Prepare(MedicalDataset.Open(_folder["data"]).Cases, cancellation: TestContext.Current.CancellationToken);
        File.Delete(Directory.GetFiles(_folder["cache"], BraTSPhantom.IdOf(2) + ".prep", SearchOption.AllDirectories).Single());
        File.WriteAllText(cached[2].Source.Images["t1"].Path, "damaged");
        List<string> read = [];
        Action epoch = () =>
        {
            foreach (Batch batch in new CaseBatchSource(cached, CaseBatchOptions.Evaluation).ReadEpoch(0))
                read.Add(IdOf(batch));
        };
        epoch.Should().Throw<InvalidDataException>().WithMessage($"Case {BraTSPhantom.IdOf(2)}: *");
        read.Should().HaveCount(2);
    }

    [Fact]
    public void Consumer_may_leave_in_mid_epoch_and_no_tensor_is_left_over()
    {
        CaseBatchSource source = new(Cases, new() { ReadAhead = 1 });
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                foreach (Batch batch in source.ReadEpoch(i))
                {
                    batch.Dispose();
                    break;
                }
            }
        }).Should().Be(0);
        LiveTensors.LeftBy(() => source.ReadEpoch(0).Select(IdOf).Should().HaveCount(7)).Should().Be(0);
    }

    [Fact]
    public void Cases_that_differ_in_size_cannot_share_a_batch()
    {
        PreprocessedCase other = new Preprocessor(Options with { CropSize = VolumeSize.Cube(8) })
            .Process("small", new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).Create(0));
        Action read = () => _ = new CaseBatchSource([Cases[0], other], CaseBatchOptions.Evaluation with { BatchSize = 2 }).ReadEpoch(0).ToList();
        read.Should().Throw<InvalidDataException>().WithMessage("*case0 has 16×16×16 and small has 8×8×8*");
        new CaseBatchSource([Cases[0], other], CaseBatchOptions.Evaluation).ReadEpoch(0).Select(IdOf).Should().HaveCount(2);
    }

    [Fact]
    public void Case_without_segmentation_is_refused_by_name()
    {
        CaseVolumes volumes = new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).Create(0);
        PreprocessedCase unlabeled = new Preprocessor(Options).Process("bare", new CaseVolumes(volumes.Images, null, volumes.Labels));
        Action make = () => _ = new CaseBatchSource([Cases[0], unlabeled]);
        make.Should().Throw<ArgumentException>().WithMessage("*segmentation, which is missing in: bare*");
    }

    [Fact]
    public void Empty_list_and_wrong_options_are_refused()
    {
        Action empty = () => _ = new CaseBatchSource(Array.Empty<PreprocessedCase>());
        empty.Should().Throw<ArgumentException>().WithMessage("At least one case*");
        Action wrong = () => _ = new CaseBatchSource(Cases, new() { BatchSize = 0, ReadAhead = 0 });
        wrong.Should().Throw<ArgumentException>().WithMessage("*BatchSize must be at least 1, but is 0.*ReadAhead*but is 0.*");
    }

    [Fact]
    public void Defaults_are_those_of_training() =>
        new CaseBatchOptions().Should().Be(new CaseBatchOptions { BatchSize = 1, Seed = 0, Shuffle = true, Flip = true, ReadAhead = 2 });

    [Fact]
    public void The_parts_of_an_epoch_are_together_its_batches_with_the_same_flips()
    {
        CaseBatchSource source = new(Cases, new() { Seed = 3, BatchSize = 2 });
        float[][] whole = Read(source.ReadEpoch(4));
        float[][][] parts = [.. Enumerable.Range(0, 3).Select(part => Read(source.ReadEpoch(4, part, parts: 3)))];

        parts.Select(part => part.Length).Should().Equal(2, 1, 1);
        whole.Should().HaveCount(4);
        for (int number = 0; number < whole.Length; number++)
            parts[number % 3][number / 3].Should().Equal(whole[number]);

        static float[][] Read(IEnumerable<Batch> batches) => [.. batches.Select(batch =>
        {
            using (batch)
                return batch.Images["t2"].data<float>().ToArray();
        })];
    }

    [Fact]
    public void A_part_of_an_epoch_does_not_load_the_cases_of_the_others()
    {
        new BraTSPhantom(new() { Size = VolumeSize.Cube(16) }).WriteDataset(_folder["data"], 3, TestContext.Current.CancellationToken);
        IReadOnlyList<CachedCase> cached = new PreprocessingCache(_folder["cache"], Options)
            .Prepare(MedicalDataset.Open(_folder["data"]).Cases, cancellation: TestContext.Current.CancellationToken);
        File.Delete(Directory.GetFiles(_folder["cache"], BraTSPhantom.IdOf(1) + ".prep", SearchOption.AllDirectories).Single());
        File.WriteAllText(cached[1].Source.Images["t1"].Path, "damaged");
        CaseBatchSource source = new(cached, CaseBatchOptions.Evaluation);

        source.ReadEpoch(0, part: 0, parts: 2).Select(IdOf).Should().Equal(BraTSPhantom.IdOf(0), BraTSPhantom.IdOf(2));
        FluentActions.Invoking(() => source.ReadEpoch(0, part: 1, parts: 2).Select(IdOf).ToArray()).Should().Throw<InvalidDataException>();
    }

    private static string IdOf(Batch batch)
    {
        using (batch)
            return batch.CaseIds[0];
    }
}
