using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PreprocessingCacheTests : IDisposable
{
    private static readonly PreprocessingOptions Options = new() { CropSize = new(4, 4, 4) };
    private readonly TemporaryFolder _folder = new();
    private readonly MedicalCase _case;

    public PreprocessingCacheTests()
    {
        TinyCases.Write2018(_folder["data"], "X");
        _case = MedicalDataset.Open(_folder["data"]).Cases.Single();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Entry_holds_what_the_preprocessor_makes()
    {
        PreprocessedCase expected = new Preprocessor(Options).Process(_case);
        PreprocessedCase actual = Cache().Prepare(_case).Load();
        actual.Id.Should().Be("X");
        actual.Images.Keys.Should().Equal(expected.Images.Keys);
        foreach (string modality in BraTSModality.All)
            actual.Images[modality].Should().Equal(expected.Images[modality]);
        actual.Classes.Should().Equal(expected.Classes);
        actual.Geometry.Should().Be(expected.Geometry);
        actual.Labels.Should().Be(expected.Labels);
        actual.Foreground.Should().Be(expected.Foreground);
    }

    [Fact]
    public void Second_time_nothing_is_computed()
    {
        Cache().Prepare(_case).WasCached.Should().BeFalse();
        byte[] entry = File.ReadAllBytes(EntryFiles().Single());
        Cache().Prepare(_case).WasCached.Should().BeTrue();
        File.ReadAllBytes(EntryFiles().Single()).Should().Equal(entry);
    }

    [Fact]
    public void Metadata_are_known_without_loading()
    {
        Cache().Prepare(_case);
        CachedCase again = Cache().Prepare(_case);
        again.Geometry.Should().Be(new Preprocessor(Options).Process(_case).Geometry);
        again.HasClasses.Should().BeTrue();
        again.Foreground!.Total.Should().Be(3);
    }

    [Fact]
    public void Changed_option_is_noticed_and_leaves_the_other_entries_alone()
    {
        Cache().Prepare(_case);
        foreach (PreprocessingOptions changed in (PreprocessingOptions[])[
            Options with { CropSize = new(2, 2, 2) },
            Options with { SubsamplingFactor = 1 },
            Options with { CropCenter = CropCenter.Brain },
            Options with { Modalities = ["t1ce"] },
            Options with { Modalities = ["flair", "t2", "t1ce", "t1"] }])
        {
            Cache(changed).Prepare(_case).WasCached.Should().BeFalse();
            Cache(changed).Prepare(_case).WasCached.Should().BeTrue();
        }

        Cache().Prepare(_case).WasCached.Should().BeTrue();
    }

    [Theory]
    [InlineData("t1")]
    [InlineData("seg")]
    public void Changed_file_of_the_same_size_and_date_is_noticed(string kind)
    {
        Cache().Prepare(_case);
        string path = _folder["data", "X", $"X_{kind}.nii.gz"];
        DateTime date = File.GetLastWriteTimeUtc(path);
        if (kind == "seg")
            TinyCases.WriteLabels(path, 4, 2, 1);
        else
            TinyCases.WriteImage(path, 101);
        File.SetLastWriteTimeUtc(path, date);

        CachedCase again = Cache().Prepare(_case);

        again.WasCached.Should().BeFalse();
        again.Load().Classes.Should().Equal(new Preprocessor(Options).Process(_case).Classes);
        EntryFiles().Should().ContainSingle("the entry of the old file is replaced");
    }

    [Fact]
    public void Other_meaning_of_labels_is_noticed()
    {
        Cache().Prepare(_case);
        MedicalCase relabeled = new("X", _case.Images, BraTSLabelConvention.Of(2, 1, 4), _case.SegmentationPath);
        Cache().Prepare(relabeled).WasCached.Should().BeFalse();
    }

    [Fact]
    public void Entry_that_is_damaged_at_any_place_is_made_anew()
    {
        float[] expected = Cache().Prepare(_case).Load().Images["t1ce"];
        string path = EntryFiles().Single();
        byte[] good = File.ReadAllBytes(path);
        for (int position = 0; position < good.Length; position += position < 16 ? 1 : 7)
        {
            byte[] damaged = [.. good];
            damaged[position] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Cache().Prepare(_case).Load().Images["t1ce"].Should().Equal(expected, $"byte {position} was damaged");
            File.ReadAllBytes(path).Should().Equal(good, $"the entry with byte {position} damaged was replaced");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(-1)]
    public void Truncated_entry_is_made_anew(int length)
    {
        CachedCase handle = Cache().Prepare(_case);
        string path = EntryFiles().Single();
        byte[] good = File.ReadAllBytes(path);
        File.WriteAllBytes(path, length < 0 ? [.. good, 0] : good[..length]);
        handle.Load().Images.Should().HaveCount(4);
        File.ReadAllBytes(path).Should().Equal(good);
    }

    [Fact]
    public void Entry_that_was_deleted_meanwhile_is_made_anew()
    {
        CachedCase handle = Cache().Prepare(_case);
        Directory.Delete(_folder["cache"], recursive: true);
        handle.Load().Classes.Should().NotBeNull();
        EntryFiles().Should().ContainSingle();
    }

    [Fact]
    public void Many_cases_are_prepared_in_the_given_order_with_progress()
    {
        string[] ids = [.. Enumerable.Range(0, 9).Select(i => $"N{i}")];
        foreach (string id in ids)
            TinyCases.Write2018(_folder["many"], id);
        int[] reported = new int[10];
        IReadOnlyList<CachedCase> prepared = Cache().Prepare(
            MedicalDataset.Open(_folder["many"]).Cases,
            new Immediate(done => Interlocked.Increment(ref reported[done])), TestContext.Current.CancellationToken);
        prepared.Select(item => item.Id).Should().Equal(ids);
        reported.Should().Equal(0, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        Directory.EnumerateFiles(_folder["cache"], "*.tmp-*", SearchOption.AllDirectories).Should().BeEmpty();
    }

    [Fact]
    public void Cancellation_stops()
    {
        Action prepare = () => Cache().Prepare([_case], cancellation: new CancellationToken(canceled: true));
        prepare.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Damaged_source_is_reported_with_its_case_and_as_itself()
    {
        File.WriteAllText(_folder["data", "X", "X_t2.nii.gz"], "no NIfTI");
        Action prepare = () => Cache().Prepare([_case]);
        prepare.Should().Throw<InvalidDataException>().WithMessage("Case X: *X_t2.nii.gz*");
        File.Delete(_folder["data", "X", "X_t2.nii.gz"]);
        prepare.Should().Throw<InvalidDataException>().WithMessage("Case X: *X_t2.nii.gz*");
    }

    [Fact]
    public void Name_that_occurs_twice_is_refused()
    {
        Action prepare = () => Cache().Prepare([_case, _case]);
        prepare.Should().Throw<ArgumentException>().WithMessage("The case name X occurs twice*");
    }

    [Fact]
    public void Case_without_segmentation_is_cached_too()
    {
        MedicalCase unlabeled = new("U", _case.Images, BraTSLabelConvention.BraTS2018);
        Cache().Prepare(unlabeled).HasClasses.Should().BeFalse();
        Cache().Prepare(unlabeled).Load().Classes.Should().BeNull();
    }

    [Fact]
    public void Real_case_comes_out_of_the_cache_as_it_went_in()
    {
        MedicalCase real = MedicalDataset.Open(SharedData.Require("data", "BraTS2021_00006_2mm")).Cases.Single();
        PreprocessingOptions options = new() { CropSize = new(120, 120, 78) };
        PreprocessedCase cached = Cache(options).Prepare(real).Load(), direct = new Preprocessor(options).Process(real);
        cached.Images["flair"].Should().Equal(direct.Images["flair"]);
        cached.Geometry.Should().Be(direct.Geometry);
        cached.Foreground!.LostShare.Should().Be(0);
    }

    private PreprocessingCache Cache(PreprocessingOptions? options = null) => new(_folder["cache"], options ?? Options);

    private string[] EntryFiles() => Directory.GetFiles(_folder["cache"], "*.prep", SearchOption.AllDirectories);

    private sealed class Immediate(Action<int> action) : IProgress<int>
    {
        public void Report(int value) => action(value);
    }
}
