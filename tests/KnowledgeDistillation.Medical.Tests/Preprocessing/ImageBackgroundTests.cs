using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class ImageBackgroundTests : IDisposable
{
    private static readonly VolumeGrid Grid = new(VolumeSize.Cube(8), Affine.Identity);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(-1.3f, "-1.3")]
    [InlineData(-1024f, "-1024")]
    [InlineData(7f, "7")]
    [InlineData(-1.3f, "border")]
    [InlineData(3e4f, "border")]
    public void An_image_with_another_background_is_prepared_as_the_one_with_0(float background, string option)
    {
        float[] sound = Head(0);
        float[] moved = [.. Head(0).Select(value => value == 0 ? background : value + background)];

        PreprocessedCase expected = Prepare(sound, new());
        PreprocessedCase unmended = Prepare(moved, new());
        PreprocessedCase mended = Prepare(moved, new() { Background = ImageBackground.Parse(option) });

        expected.Backgrounds.Should().BeEmpty();
        unmended.Backgrounds.Should().Equal(new Dictionary<string, float> { ["t1"] = background });
        mended.Backgrounds.Should().BeEmpty();
        unmended.Images["t1"].Should().NotContain(0f);
        float[] image = mended.Images["t1"];
        for (int i = 0; i < image.Length; i++)
            image[i].Should().BeApproximately(expected.Images["t1"][i], 1e-2f);
        image.Count(value => value == 0).Should().Be(expected.Images["t1"].Count(value => value == 0));
    }

    [Fact]
    public void Tissue_of_the_value_0_stays_tissue_where_background_is_something_else()
    {
        float[] voxels = Head(-100);
        int center = Grid.IndexOf(4, 4, 4);
        voxels[center] = 0;
        PreprocessedCase mended = Prepare(voxels, new() { Background = ImageBackground.Of(-100) });
        mended.Images["t1"][center].Should().NotBe(0);
    }

    [Fact]
    public void Some_zeros_inside_do_not_hide_a_border_that_is_not_0()
    {
        float[] voxels = Head(5);
        voxels[Grid.IndexOf(4, 4, 4)] = 0;
        Prepare(voxels, new()).Backgrounds.Should().ContainKey("t1");
        float[] touching = Head(0);
        touching[0] = 9;
        Prepare(touching, new()).Backgrounds.Should().BeEmpty("most of the border is 0");
    }

    [Fact]
    public void Integers_with_another_background_are_mended_as_floats_are()
    {
        short[] stored = [.. Head(0).Select(value => (short)(value == 0 ? -50 : value))];
        NiftiImage image = NiftiImage.FromLabels(new Volume<int>(Grid, [.. stored.Select(value => (int)value)]));
        image.Header.DataType.Should().Be(NiftiDataType.Int16);
        image.Save(_folder["x.nii"]);
        MedicalCase item = new("X", new Dictionary<string, ImageFile> { ["t1"] = new(_folder["x.nii"]) }, BraTSLabelConvention.BraTS2018);
        PreprocessingOptions options = Options(new() { Background = ImageBackground.Border });
        float[] fromFile = new Preprocessor(options).Process(item).Images["t1"];
        float[] fromMemory = Prepare([.. stored.Select(value => (float)value)], new() { Background = ImageBackground.Border }).Images["t1"];
        fromFile.Should().Equal(fromMemory);
        fromFile.Should().Contain(0f);
    }

    [Fact]
    public void Air_that_is_not_a_number_is_refused_with_its_cure_or_made_background()
    {
        float[] air = [.. Head(0).Select(value => value == 0 ? float.NaN : value)];
        FluentActions.Invoking(() => Prepare(air, new())).Should().Throw<InvalidDataException>()
            .WithMessage("*t1 holds * voxels that are not finite numbers (NaN)*(set NaNIsZero)*");
        Prepare(air, new() { NaNIsZero = true }).Images["t1"].Should().Equal(Prepare(Head(0), new()).Images["t1"]);
    }

    [Fact]
    public void Infinite_voxels_are_refused_even_where_air_is_no_number()
    {
        float[] air = Head(0);
        (air[0], air[100]) = (float.NaN, float.PositiveInfinity);
        FluentActions.Invoking(() => Prepare(air, new() { NaNIsZero = true })).Should().Throw<InvalidDataException>().WithMessage("*1 of 512 voxels*infinite*");
        FluentActions.Invoking(() => Prepare(air, new())).Should().Throw<InvalidDataException>().WithMessage("*2 of 512 voxels*1 NaN, 1 infinite*");
    }

    [Fact]
    public void What_was_seen_of_the_background_is_kept_in_the_cache_and_mending_has_entries_of_its_own()
    {
        NiftiImage.FromVolume(new Volume<float>(Grid, Head(-3))).Save(_folder["x.nii"]);
        MedicalCase item = new("X", new Dictionary<string, ImageFile> { ["t1"] = new(_folder["x.nii"]) }, BraTSLabelConvention.BraTS2018);
        PreprocessingCache plain = new(_folder["cache"], Options(new())),
            mending = new(_folder["cache"], Options(new() { Background = ImageBackground.Of(-3) }));
        plain.Prepare(item);
        plain.Prepare(item).Backgrounds.Should().Equal(new Dictionary<string, float> { ["t1"] = -3 });
        plain.Prepare(item).Load().Backgrounds.Should().HaveCount(1);
        mending.Prepare(item).WasCached.Should().BeFalse();
        mending.Prepare(item).Backgrounds.Should().BeEmpty();
    }

    [Fact]
    public void How_background_was_mended_in_training_is_read_from_a_checkpoint()
    {
        PreprocessingOptions options = Options(new() { Background = ImageBackground.Of(-1024.5), NaNIsZero = true });
        IReadOnlyDictionary<string, string> facts = PreprocessingMetadata.Write(options);
        PreprocessingOptions read = PreprocessingMetadata.Read(facts, ["t1"]);
        (read.Background, read.NaNIsZero).Should().Be((ImageBackground.Of(-1024.5), true));
        PreprocessingMetadata.Write(Options(new())).Keys.Should().NotContain("preprocessing.background").And.NotContain("preprocessing.nan");
        Dictionary<string, string> wrong = new(facts) { ["preprocessing.background"] = "black" };
        FluentActions.Invoking(() => PreprocessingMetadata.Read(wrong, ["t1"])).Should().Throw<InvalidDataException>()
            .WithMessage("*preprocessing.background*black*");
    }

    [Theory]
    [InlineData("black")]
    [InlineData("1,5")]
    [InlineData("NaN")]
    [InlineData("")]
    public void A_text_that_is_no_background_is_refused(string text) =>
        FluentActions.Invoking(() => ImageBackground.Parse(text)).Should().Throw<FormatException>().WithMessage($"'{text}' is no background*border*");

    private static PreprocessingOptions Options(PreprocessingOptions options) =>
        options with { Modalities = ["t1"], CropSize = VolumeSize.Cube(8), SubsamplingFactor = 1 };

    private static PreprocessedCase Prepare(float[] voxels, PreprocessingOptions options) => new Preprocessor(Options(options)).Process(
        "X", new CaseVolumes(new Dictionary<string, Volume<float>> { ["t1"] = new(Grid, voxels) }, null, BraTSLabelConvention.BraTS2018.Map));

    // A ball of different values that are not the background's.
    private static float[] Head(float background)
    {
        float[] voxels = new float[Grid.VoxelCount];
        for (int i = 0; i < voxels.Length; i++)
        {
            (int x, int y, int z) = (i % 8, i / 8 % 8, i / 64);
            bool inside = ((x - 3.5) * (x - 3.5)) + ((y - 3.5) * (y - 3.5)) + ((z - 3.5) * (z - 3.5)) < 9;
            voxels[i] = inside ? 100 + i : background;
        }

        return voxels;
    }
}
