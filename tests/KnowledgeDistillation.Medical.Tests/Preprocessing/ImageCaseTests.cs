using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Cases of a data set that is not BraTS: other modalities, other labels, another number of classes.</summary>
public sealed class ImageCaseTests : IDisposable
{
    private static readonly PreprocessingOptions Options = new() { Modalities = ["ct"], CropSize = new VolumeSize(3, 2, 2), SubsamplingFactor = 1 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_case_of_another_data_set_is_prepared_and_cached()
    {
        ImageCase item = Case(labels: [0, 5, 5, 17, 5, 0, 0, 0, 17, 0, 0, 0, 17, 0, 0, 17]);
        PreprocessedCase direct = new Preprocessor(Options).Process(item);
        direct.Classes.Should().Equal(0, 1, 1, 1, 0, 0, 2, 0, 0, 2, 0, 0);
        direct.Foreground.Should().Be(new ForegroundVoxels([3, 4], kept: 5));
        direct.Labels.Should().Be(item.LabelsFor(new HashSet<int>()));

        PreprocessingCache cache = new(_folder["cache"], Options);
        cache.Prepare(item).WasCached.Should().BeFalse();
        CachedCase again = cache.Prepare(item);
        again.WasCached.Should().BeTrue();
        again.Foreground.Should().Be(direct.Foreground);
        PreprocessedCase loaded = again.Load();
        loaded.Labels.Should().Be(direct.Labels);
        loaded.Labels.Names.Should().Equal("background", "liver", "kept");
        loaded.Classes.Should().Equal(direct.Classes);
        loaded.Images["ct"].Should().Equal(direct.Images["ct"]);
    }

    [Fact]
    public void Another_meaning_of_the_labels_makes_a_cached_case_anew()
    {
        ImageCase item = Case(labels: [5, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        PreprocessingCache cache = new(_folder["cache"], Options);
        cache.Prepare(item);
        CachedCase swapped = cache.Prepare(new OrganCase(item.Images, item.SegmentationPath, new LabelMap(("kept", 17), ("liver", 5))));
        swapped.WasCached.Should().BeFalse();
        swapped.Load().Classes![..2].Should().Equal(2, 1);
    }

    [Fact]
    public void Labels_that_the_data_set_does_not_know_are_refused_with_the_name_of_the_case() =>
        FluentActions.Invoking(() => new Preprocessor(Options).Process(Case([5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])))
            .Should().Throw<InvalidDataException>().WithMessage("Case P1: *unknown labels (6); expected 0, 5 (liver) and 17 (kept).");

    private OrganCase Case(int[] labels)
    {
        VolumeGrid grid = new(new VolumeSize(4, 2, 2), Affine.Identity);
        NiftiImage.FromVolume(new Volume<float>(grid, [.. Enumerable.Range(1, 16).Select(value => (float)value)])).Save(_folder["ct.nii"]);
        NiftiImage.FromLabels(new Volume<int>(grid, labels)).Save(_folder["organs.nii"]);
        return new OrganCase(
            new Dictionary<string, ImageFile> { ["ct"] = new(_folder["ct.nii"]) }, _folder["organs.nii"], new LabelMap(("liver", 5), ("kept", 17)));
    }

    // A class may well be named as something else in an entry of the cache.
    private sealed class OrganCase(IReadOnlyDictionary<string, ImageFile> images, string? segmentation, LabelMap labels)
        : ImageCase("P1", images, segmentation)
    {
        public override string LabelKey => labels.ToString();

        public override LabelMap LabelsFor(IReadOnlySet<int> present) => labels;
    }
}
