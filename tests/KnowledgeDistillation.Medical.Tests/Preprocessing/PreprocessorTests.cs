using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PreprocessorTests
{
    [Fact]
    public void Intensities_are_normalized_over_the_non_zero_voxels_and_background_stays_zero()
    {
        // 2, 4, 6, 8 have mean 5 and population standard deviation √5.
        CaseVolumes volumes = Case(Ras(3, 2, 1), [0, 2, 4, 6, 8, 0]);
        float[] result = new Preprocessor(Plain(3, 2, 1)).Process("X", volumes).Images["t1"];
        float s = MathF.Sqrt(5);
        result.Should().Equal(new float[] { 0, -3 / s, -1 / s, 1 / s, 3 / s, 0 }, Near);
    }

    [Fact]
    public void Statistics_are_those_of_the_whole_volume_and_not_of_the_crop()
    {
        CaseVolumes volumes = Case(Ras(4, 1, 1), [1, 3, 3, 5]);
        // Mean 3, deviation √2; the crop alone would be constant.
        new Preprocessor(Plain(2, 1, 1)).Process("X", volumes).Images["t1"].Should().Equal(new float[] { 0, 0 }, Near);
        CaseVolumes shifted = Case(Ras(4, 1, 1), [3, 1, 1, 7]);
        new Preprocessor(Plain(2, 1, 1)).Process("X", shifted).Images["t1"].Should().Equal(new float[] { -2 / MathF.Sqrt(6), -2 / MathF.Sqrt(6) }, Near);
    }

    [Fact]
    public void A_case_can_be_seen_as_if_only_some_modalities_had_been_acquired()
    {
        PreprocessedCase whole = new Preprocessor(Plain(2, 1, 1)).Process("X", Case(Ras(2, 1, 1), [1, 3]));
        whole.Only("t1").Images.Should().ContainSingle().Which.Value.Should().BeSameAs(whole.Images["t1"]);
        whole.Only("t1").Geometry.Should().BeSameAs(whole.Geometry);
        FluentActions.Invoking(() => whole.Only("t1", "flair")).Should().Throw<ArgumentException>().WithMessage("*X has no flair*t1*");
        FluentActions.Invoking(() => whole.Only()).Should().Throw<ArgumentException>().WithMessage("*At least one*");
    }

    [Fact]
    public void Constant_image_is_refused_by_name_with_its_value()
    {
        Action whole = () => new Preprocessor(Plain(2, 1, 1)).Process("X", Case(Ras(2, 1, 1), [7, 7]));
        Action tissue = () => new Preprocessor(Plain(3, 1, 1)).Process("X", Case(Ras(3, 1, 1), [0, -2, -2]));
        whole.Should().Throw<InvalidDataException>().WithMessage("Case X: the image t1 is constant (all 2 voxels have the value 7)*");
        tissue.Should().Throw<InvalidDataException>().WithMessage("Case X: the image t1 is constant (all 2 voxels that are not 0 have the value -2)*");
    }

    [Fact]
    public void Odd_voxel_is_cut_off_and_padded_at_the_end()
    {
        byte[] labels = [1, 2, 3, 1, 2];
        Classes(5, 2).Should().Equal(2, 3);
        Classes(5, 4).Should().Equal(1, 2, 3, 1);
        Classes(5, 8).Should().Equal(0, 1, 2, 3, 1, 2, 0, 0);

        byte[] Classes(int size, int crop) => new Preprocessor(Plain(crop, 1, 1)).Process("X", Case(Ras(size, 1, 1), [1, 2, 3, 4, 5], labels)).Classes!;
    }

    [Fact]
    public void Images_are_subsampled_by_the_mean_of_each_block_and_labels_by_its_first_voxel()
    {
        // One block of 2×2×2: seven non-zero voxels 1..7 (mean 4, deviation 2) and one of background, which counts as 0.
        float[] voxels = [1, 2, 3, 4, 5, 6, 7, 0];
        byte[] labels = [3, 1, 1, 1, 1, 1, 1, 1];
        PreprocessedCase result = new Preprocessor(new() { Modalities = ["t1"], CropSize = VolumeSize.Cube(2), SubsamplingFactor = 2 })
            .Process("X", Case(Ras(2, 2, 2), voxels, labels));
        result.Images["t1"].Should().Equal(new float[] { 0 }, Near);
        result.Classes.Should().Equal(3);

        float[] other = [1, 7, 0, 0, 0, 0, 0, 0];
        // Mean 4, deviation 3: -1 and 1 in different blocks along x.
        new Preprocessor(new() { Modalities = ["t1"], CropSize = new(4, 2, 2), SubsamplingFactor = 2 }).Process("X", Case(Ras(2, 2, 2), other))
            .Images["t1"].Should().Equal(new float[] { -1f / 8, 1f / 8 }, Near, "padding of one voxel on each side puts the two voxels into two blocks");
    }

    [Fact]
    public void Nearest_voxel_of_a_block_of_three_is_its_middle()
    {
        byte[] labels = new byte[27];
        labels[13] = 3;
        new Preprocessor(new() { Modalities = ["t1"], CropSize = VolumeSize.Cube(3), SubsamplingFactor = 3 }).Process("X", Case(Ras(3, 3, 3), Ramp(27), labels))
            .Classes.Should().Equal(3);
    }

    [Fact]
    public void Volumes_are_brought_to_RAS_first()
    {
        // The same anatomy stored along left, posterior, superior is the array reversed along x and y.
        VolumeGrid lps = new(new VolumeSize(2, 2, 1), new Affine(-1, 0, 0, 1, 0, -1, 0, 1, 0, 0, 1, 0));
        PreprocessedCase ras = new Preprocessor(Plain(2, 2, 1)).Process("X", Case(Ras(2, 2, 1), [1, 2, 3, 4], [0, 1, 2, 3]));
        PreprocessedCase reversed = new Preprocessor(Plain(2, 2, 1)).Process("X", Case(lps, [4, 3, 2, 1], [3, 2, 1, 0]));
        reversed.Images["t1"].Should().Equal(ras.Images["t1"]);
        reversed.Classes.Should().Equal(ras.Classes);
    }

    [Fact]
    public void Crop_around_the_brain_takes_the_box_of_all_modalities()
    {
        float[] t1 = new float[10], t2 = new float[10];
        (t1[6], t1[7], t2[7], t2[8]) = (1, 2, 4, 5);
        VolumeGrid grid = Ras(10, 1, 1);
        CaseVolumes volumes = new(
            new Dictionary<string, Volume<float>> { ["t1"] = new(grid, t1), ["t2"] = new(grid, t2) }, null, BraTSLabelConvention.BraTS2018.Map);
        PreprocessingOptions options = new() { Modalities = ["t1", "t2"], CropCenter = CropCenter.Brain, CropSize = new(5, 1, 1), SubsamplingFactor = 1 };
        PreprocessedCase result = new Preprocessor(options).Process("X", volumes);
        result.Geometry.CropOffset.Should().Be((5, 0, 0));
        result.Images["t1"].Should().Equal(new float[] { 0, -1, 1, 0, 0 }, Near);
    }

    [Theory]
    [InlineData(CropCenter.Volume, 16, -3, 16)]
    [InlineData(CropCenter.Brain, 2, 3, 4)]
    public void Without_a_crop_size_everything_is_kept_and_padded(CropCenter center, int multiple, int offset, int size)
    {
        float[] voxels = new float[10];
        (voxels[4], voxels[5], voxels[6]) = (1, 2, 3);
        PreprocessingOptions options = new() { Modalities = ["t1"], CropCenter = center, CropSize = null, SizeMultiple = multiple, SubsamplingFactor = 1 };
        PreprocessedCase result = new Preprocessor(options).Process("X", Case(Ras(10, 1, 1), voxels));
        (result.Geometry.CropOffset.X, result.Size.X).Should().Be((center == CropCenter.Brain ? 4 : offset, size));
        result.Images["t1"].Count(value => value != 0).Should().Be(2, "the middle one is the mean");
    }

    [Fact]
    public void Tumor_that_the_crop_cuts_off_is_counted()
    {
        ForegroundVoxels tumor = new Preprocessor(Plain(2, 1, 1)).Process("X", Case(Ras(6, 1, 1), Ramp(6), [3, 2, 2, 1, 0, 0])).Foreground!;
        tumor.Should().Be(new ForegroundVoxels([1, 2, 1], kept: 2));
        tumor.LostShare.Should().Be(0.5);
        new ForegroundVoxels([0, 0, 0], kept: 0).LostShare.Should().Be(0);
    }

    [Fact]
    public void Case_without_segmentation_has_neither_classes_nor_tumor()
    {
        PreprocessedCase result = new Preprocessor(Plain(2, 1, 1)).Process("X", Case(Ras(2, 1, 1), [1, 2]));
        result.Classes.Should().BeNull();
        result.Foreground.Should().BeNull();
    }

    [Theory]
    [InlineData(0f, 0f, "image t1 is empty")]
    [InlineData(1f, float.NaN, "not finite")]
    [InlineData(1f, float.PositiveInfinity, "not finite")]
    public void Image_that_cannot_be_normalized_is_refused_by_name(float first, float second, string message)
    {
        Action process = () => new Preprocessor(Plain(2, 1, 1)).Process("Case7", Case(Ras(2, 1, 1), [first, second]));
        process.Should().Throw<InvalidDataException>().WithMessage($"Case Case7: *{message}*");
    }

    [Fact]
    public void Missing_modality_is_refused_by_name()
    {
        Action process = () => new Preprocessor(new() { Modalities = ["t1", "flair"] }).Process("Case7", Case(Ras(2, 1, 1), [1, 2]));
        process.Should().Throw<ArgumentException>().WithMessage("Case Case7 has no modality 'flair'*");
    }

    [Fact]
    public void All_wrong_options_are_named_at_once()
    {
        Action make = () => _ = new Preprocessor(new() { Modalities = ["t1", "t1"], CropSize = new(7, 8, 8), SizeMultiple = 0 });
        make.Should().Throw<ArgumentException>()
            .WithMessage("*each name once*SizeMultiple*but is 0.*CropSize*multiple of SubsamplingFactor (2)*but is 7×8×8.*");
    }

    [Fact]
    public void Defaults_are_those_of_the_paper()
    {
        PreprocessingOptions options = new Preprocessor().Options;
        options.Modalities.Should().Equal("t1", "t1ce", "t2", "flair").And.Equal(BraTSModality.All);
        options.Should().Be(options with { CropCenter = CropCenter.Volume, CropSize = VolumeSize.Cube(128), SubsamplingFactor = 2, SizeMultiple = 16 });
    }

    [Theory]
    [InlineData("BraTS2021_00006", 128, 2)]
    [InlineData("BraTS2021_00006_2mm", 64, 1)]
    public void Real_case_goes_through_and_comes_back_onto_its_own_grid(string name, int crop, int factor)
    {
        MedicalCase source = MedicalDataset.Open(SharedData.Require("data", name)).Cases.Single();
        CaseVolumes native = source.Load();

        PreprocessedCase result = new Preprocessor(new() { CropSize = VolumeSize.Cube(crop), SubsamplingFactor = factor }).Process(source);

        result.Size.Should().Be(VolumeSize.Cube(64));
        result.Foreground!.LostShare.Should().BeInRange(0, 0.5);
        foreach (float[] image in result.Images.Values)
        {
            image.Should().OnlyContain(value => float.IsFinite(value));
            image.Should().Contain(0);
        }

        // The labels at full resolution, cropped and pasted back, are the segmentation wherever the crop reaches.
        PreprocessedCase full = new Preprocessor(new() { Modalities = ["t1ce"], CropSize = VolumeSize.Cube(crop), SubsamplingFactor = 1 }).Process(source);
        Volume<int> pasted = full.Labels.ToLabels(native.Grid, full.Geometry.PasteBack<byte>(full.Classes));
        int[] expected = native.Segmentation!.Voxels;
        int differing = pasted.Voxels.Where((label, i) => label != expected[i]).Count();
        differing.Should().Be(full.Foreground!.Total - full.Foreground.Kept, "only what lies outside the crop is lost");
        pasted.Voxels.Where((label, i) => label != 0 && label != expected[i]).Should().BeEmpty();
    }

    [Theory]
    [InlineData(32, 2, CropCenter.Volume)]
    [InlineData(18, 3, CropCenter.Brain)]
    [InlineData(40, 1, CropCenter.Brain)]
    public void A_case_gives_the_same_bits_whatever_the_type_and_orientation_in_which_it_is_stored(int crop, int factor, CropCenter center)
    {
        using TemporaryFolder folder = new();
        BraTSPhantom phantom = new(new BraTSPhantomOptions { Size = new VolumeSize(37, 34, 30) });
        CaseVolumes volumes = phantom.Create(0);
        Preprocessor preprocessor = new(new() { CropSize = VolumeSize.Cube(crop), SubsamplingFactor = factor, CropCenter = center });
        PreprocessedCase expected = preprocessor.Process("X", volumes);

        // 16-bit integers, as in BraTS.
        phantom.WriteDataset(folder["integers"], 1);
        ShouldBeTheSame(MedicalDataset.Open(folder["integers"]).Cases.Single());

        // 32-bit floats, rows along another axis or the other way.
        foreach (string orientation in new[] { "RAS", "SPL", "AIR" })
        {
            Dictionary<string, ImageFile> files = [];
            foreach ((string name, Volume<float> volume) in volumes.Images)
            {
                files.Add(name, new ImageFile(folder[$"{orientation}-{name}.nii"]));
                NiftiImage.FromVolume(volume.ReorientTo(Orientation.Parse(orientation))).Save(files[name].Path);
            }

            string segmentation = folder[$"{orientation}-seg.nii"];
            NiftiImage.FromLabels(volumes.Segmentation!.ReorientTo(Orientation.Parse(orientation))).Save(segmentation);
            ShouldBeTheSame(new MedicalCase("X", files, BraTSLabelConvention.BraTS2018, segmentation));
        }

        void ShouldBeTheSame(MedicalCase source)
        {
            PreprocessedCase actual = preprocessor.Process(source);
            foreach ((string name, float[] image) in expected.Images)
                actual.Images[name].AsSpan().SequenceEqual(image).Should().BeTrue($"{name} of {source.Images[name].Path} must not depend on how it is stored");
            actual.Classes.Should().Equal(expected.Classes);
            actual.Foreground.Should().Be(expected.Foreground);
        }
    }

    private static bool Near(float actual, float expected) => MathF.Abs(actual - expected) < 1e-5f;

    private static float[] Ramp(int count) => [.. Enumerable.Range(1, count).Select(value => (float)value)];

    private static VolumeGrid Ras(int x, int y, int z) => new(new VolumeSize(x, y, z), Affine.Identity);

    private static PreprocessingOptions Plain(int x, int y, int z) => new() { Modalities = ["t1"], CropSize = new(x, y, z), SubsamplingFactor = 1 };

    private static CaseVolumes Case(VolumeGrid grid, float[] t1, byte[]? classes = null) => new(
        new Dictionary<string, Volume<float>> { ["t1"] = new(grid, t1) },
        classes is null ? null : BraTSLabelConvention.BraTS2018.Map.ToLabels(grid, classes),
        BraTSLabelConvention.BraTS2018.Map);
}
