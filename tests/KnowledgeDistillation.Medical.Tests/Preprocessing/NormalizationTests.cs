using FluentAssertions;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Samples.OwnData;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class NormalizationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void In_a_CT_a_voxel_of_0_is_a_voxel_like_any_other()
    {
        float[] prepared = Prepare(Normalization.OfCt(-100, 100, 10, 5), [0, 5, -1000, 1000]);
        prepared[..4].Should().Equal(-2f, -1f, -22f, 18f);
        Prepare(Normalization.None, [0, 5, -1000, 1000])[..4].Should().Equal(0f, 5f, -1000f, 1000f);
    }

    [Fact]
    public void Z_scores_over_all_voxels_count_those_that_are_0()
    {
        float[] values = [0, 5, -1000, 1000];
        float[] prepared = Prepare(Normalization.ZScore, values);
        prepared.Average().Should().BeApproximately(0, 1e-4f);
        prepared.Average(value => value * value).Should().BeApproximately(1, 1e-4f);
        Prepare(Normalization.ZScoreNonZero, values)[0].Should().Be(0, "there it is background");
    }

    [Fact]
    public void Numbers_of_a_CT_come_from_the_foreground_of_the_training_cases_alone()
    {
        CtMrFolder.Write(_folder.Root, cases: 3);
        var dataset = MedicalDataset.Open(_folder.Root);
        var found = Normalization.MeasureCt([.. dataset.Cases.Take(2)], "CT");
        // Organ 60 and lesion 40, give or take 10; air is at -1000, tissue at 0.
        found.Lower.Should().BeInRange(30, 35);
        found.Upper.Should().BeInRange(68, 70);
        found.Mean.Should().BeInRange(50, 62);
        Normalization.MeasureCt(dataset.Cases, "CT").Should().NotBe(found);
        Normalization.Parse(found.ToString()).Should().Be(found);
    }

    [Fact]
    public void Cases_without_foreground_do_not_make_air_what_a_CT_is_normalized_by()
    {
        CtMrFolder.Write(_folder.Root, cases: 3);
        MedicalCase[] cases = [.. MedicalDataset.Open(_folder.Root).Cases];
        var expected = Normalization.MeasureCt(cases[..2], "CT");
        Empty(cases[2]);
        Normalization.MeasureCt(cases, "CT").Should().Be(expected);

        Empty(cases[0]);
        Empty(cases[1]);
        Normalization.MeasureCt(cases, "CT").Lower.Should().BeLessThan(-900, "where no case has foreground, all voxels count");

        static void Empty(MedicalCase item)
        {
            NiftiImage labels = NiftiImage.Load(item.SegmentationPath!);
            labels.WithVoxels(new Volume<int>(labels.Grid, new int[labels.Grid.VoxelCount])).Save(item.SegmentationPath!);
        }
    }

    [Fact]
    public void A_checkpoint_and_a_cache_know_how_images_are_normalized()
    {
        PreprocessingOptions options = new()
        {
            Modalities = ["CT", "MR"],
            Normalizations = new Dictionary<string, Normalization> { ["CT"] = Normalization.OfCt(-100.5, 100, 1.25, 3), ["MR"] = Normalization.ZScore },
        };
        PreprocessingMetadata.Read(PreprocessingMetadata.Write(options), ["CT", "MR"]).Normalizations.Should().BeEquivalentTo(options.Normalizations);
        PreprocessingMetadata.Read(PreprocessingMetadata.Write(options), ["MR"]).Normalizations.Keys.Should().Equal("MR");
        options.ToKey().Should().NotBe((options with { Normalizations = new Dictionary<string, Normalization>() }).ToKey());
        new PreprocessingOptions { Normalizations = new Dictionary<string, Normalization> { ["t1"] = Normalization.ZScoreNonZero } }.ToKey()
            .Should().Be(new PreprocessingOptions().ToKey(), "it is the default");
        Dictionary<string, string> damaged = new(PreprocessingMetadata.Write(options)) { ["preprocessing.normalization.CT"] = "ct 5 1 0 1" };
        FluentActions.Invoking(() => PreprocessingMetadata.Read(damaged, ["CT"])).Should().Throw<InvalidDataException>().WithMessage("*normalization.CT*");
    }

    [Theory]
    [InlineData("CT", NormalizationKind.Ct)]
    [InlineData("ct", NormalizationKind.Ct)]
    [InlineData("noNorm", NormalizationKind.None)]
    [InlineData("t1ce", NormalizationKind.ZScoreNonZero)]
    [InlineData("MR", NormalizationKind.ZScoreNonZero)]
    public void Names_of_channels_tell_how_they_are_normalized(string name, NormalizationKind kind) => Normalization.KindOf(name).Should().Be(kind);

    private static float[] Prepare(Normalization normalization, float[] first)
    {
        VolumeGrid grid = new(VolumeSize.Cube(4), new Affine(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0));
        float[] voxels = new float[64];
        first.CopyTo(voxels, 0);
        PreprocessingOptions options = new()
        {
            Modalities = ["x"],
            CropSize = grid.Size,
            SubsamplingFactor = 1,
            Normalizations = new Dictionary<string, Normalization> { ["x"] = normalization },
        };
        CaseVolumes volumes = new(new Dictionary<string, Volume<float>> { ["x"] = new(grid, voxels) }, null, new LabelMap(("organ", 1)));
        return new Preprocessor(options).Process("X", volumes).Images["x"];
    }
}
