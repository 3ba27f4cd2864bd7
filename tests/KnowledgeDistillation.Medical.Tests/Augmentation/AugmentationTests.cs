using FluentAssertions;
using KnowledgeDistillation.Medical.Augmentation;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class AugmentationTests
{
    private static readonly VolumeSize Size = new(24, 20, 16);

    public static TheoryData<string> Intensities => ["noise", "blur", "brightness", "contrast", "gamma", "low-resolution"];

    public static TheoryData<string> Spaces => ["rotation", "scaling", "rotation,scaling"];

    [Theory]
    [MemberData(nameof(Spaces))]
    public void Labels_follow_the_image_and_both_move(string names)
    {
        PreprocessedCase source = Ball("P1", "t1ce");
        (float[] image, byte[] classes) = Change(source, Always(names), epoch: 1)["t1ce"];

        image.Should().NotEqual(source.Images["t1ce"]);
        classes.Should().NotEqual(source.Classes);
        // The image is 10 in the ball and 1 around it, so that the label is where it is above the middle, but for the interpolation at the edge.
        int wrong = Enumerable.Range(0, classes.Length).Count(i => image[i] != 0 && classes[i] != (image[i] > 5.5f ? 1 : 0));
        (wrong / (double)classes.Count(number => number == 1)).Should().BeLessThan(0.12);
        classes.Count(number => number == 1).Should().BePositive();
    }

    [Fact]
    public void A_rotation_by_90_degrees_is_exact_and_scaling_by_a_half_halves_lengths()
    {
        VolumeSize cube = VolumeSize.Cube(9);
        float[] image = [.. Enumerable.Range(0, cube.VoxelCount).Select(i => (float)(i + 1))];
        PreprocessedCase source = Of("P1", cube, ("t1ce", image));
        AugmentationOptions turned = new() { Rotation = new(90, 90, 1) };
        (float[] once, _) = Change(source, turned, 0)["t1ce"];

        // Three turns by 90 degrees map the cube to itself: every value is there once.
        once.Select(value => (int)Math.Round(value)).Order().Should().Equal(Enumerable.Range(1, cube.VoxelCount));
        once.Should().NotEqual(image);
        byte[] small = Change(Ball("P1", "t1ce"), new() { Scaling = new(0.5, 0.5, 1) }, 0)["t1ce"].Classes;
        byte[] large = Change(Ball("P1", "t1ce"), new() { Scaling = new(1, 1, 1) }, 0)["t1ce"].Classes;
        ((double)large.Count(number => number == 1) / small.Count(number => number == 1)).Should().BeInRange(6, 10.5);
    }

    [Theory]
    [MemberData(nameof(Intensities))]
    public void Intensities_change_and_labels_and_background_do_not(string name)
    {
        PreprocessedCase source = Ball("P1", "t1ce");
        (float[] image, byte[] classes) = Change(source, Always(name), epoch: 1)["t1ce"];

        classes.Should().Equal(source.Classes);
        image.Should().NotEqual(source.Images["t1ce"]).And.OnlyContain(value => float.IsFinite(value));
        image.Zip(source.Images["t1ce"]).Where(pair => pair.Second == 0).Should().OnlyContain(pair => pair.First == 0);
    }

    [Theory]
    [MemberData(nameof(Intensities))]
    [MemberData(nameof(Spaces))]
    public void Changes_follow_from_seed_epoch_and_case(string names)
    {
        AugmentationOptions options = Always(names);
        float[] first = Change(Ball("P1", "t1ce"), options, 1)["t1ce"].Image;

        Change(Ball("P1", "t1ce"), options, 1)["t1ce"].Image.Should().Equal(first);
        Change(Ball("P1", "t1ce"), options, 2)["t1ce"].Image.Should().NotEqual(first);
        Change(Ball("P2", "t1ce"), options, 1)["t1ce"].Image.Should().NotEqual(first);
        Change(Ball("P1", "t1ce"), options, 1, seed: 8)["t1ce"].Image.Should().NotEqual(first);
    }

    [Fact]
    public void Space_is_changed_alike_in_all_modalities_and_intensities_in_each_by_itself()
    {
        var spatial = Change(Ball("P1", "t1ce", "flair"), Always("rotation,scaling"), 1);
        spatial["flair"].Image.Should().Equal(spatial["t1ce"].Image);
        var intensity = Change(Ball("P1", "t1ce", "flair"), Always("brightness"), 1);
        intensity["flair"].Image.Should().NotEqual(intensity["t1ce"].Image);
        Change(Ball("P1", "t1ce"), Always("brightness"), 1)["t1ce"].Image.Should().Equal(
            intensity["t1ce"].Image, "a student sees the same T1ce as its teacher, whatever else the teacher sees");
    }

    [Fact]
    public void A_change_is_made_in_its_share_of_the_cases()
    {
        AugmentationOptions options = new() { Brightness = new(2, 2, 0.3) };
        PreprocessedCase source = Ball("P1", "t1ce");
        int changed = Enumerable.Range(0, 300).Count(epoch => Change(source, options, epoch)["t1ce"].Image.Max() > 15);
        changed.Should().BeInRange(60, 120);
    }

    [Fact]
    public void Without_any_change_a_case_is_as_it_is()
    {
        PreprocessedCase source = Ball("P1", "t1ce");
        (float[] image, byte[] classes) = Change(source, new AugmentationOptions(), 1)["t1ce"];
        image.Should().Equal(source.Images["t1ce"]);
        classes.Should().Equal(source.Classes);
    }

    [Fact]
    public void Brightness_is_a_factor_and_contrast_and_gamma_keep_range_or_moments()
    {
        PreprocessedCase source = Ball("P1", "t1ce");
        float[] before = source.Images["t1ce"];
        Change(source, new() { Brightness = new(2, 2, 1) }, 1)["t1ce"].Image.Should().Equal(before.Select(value => 2 * value));
        float[] contrast = Change(source, new() { Contrast = new(3, 3, 1) }, 1)["t1ce"].Image;
        (contrast.Where(value => value != 0).Min(), contrast.Max()).Should().Be((1, 10));
        float[] ramp = [.. Enumerable.Range(0, Size.VoxelCount).Select(i => 1 + (i % 97 / 10f))];
        float[] gamma = Change(Of("P1", Size, ("t1ce", ramp)), new() { Gamma = new(2, 2, 1) }, 1)["t1ce"].Image;
        gamma.Average().Should().BeApproximately(ramp.Average(), 1e-3f);
        Deviation(gamma).Should().BeApproximately(Deviation(ramp), 1e-3);
        gamma.Should().NotEqual(ramp);
    }

    [Fact]
    public void Noise_has_the_deviation_that_was_drawn_and_blur_and_low_resolution_take_detail_away()
    {
        float[] flat = [.. Enumerable.Repeat(5f, Size.VoxelCount)];
        float[] noise = [.. Change(Of("P1", Size, ("t1ce", flat)), new() { GaussianNoise = new(0.3, 0.3, 1) }, 1)["t1ce"].Image.Select(value => value - 5)];
        noise.Average().Should().BeApproximately(0, 0.02f);
        Deviation(noise).Should().BeApproximately(0.3, 0.02);

        float[] step = [.. Enumerable.Range(0, Size.VoxelCount).Select(i => i % Size.X < Size.X / 2 ? 1f : 2f)];
        float[] blurred = Change(Of("P1", Size, ("t1ce", step)), new() { GaussianBlur = new(1, 1, 1) }, 1)["t1ce"].Image;
        blurred.Average().Should().BeApproximately(1.5f, 1e-3f);
        LargestStep(blurred).Should().BeApproximately(1 / Math.Sqrt(2 * Math.PI), 0.03, "that of a Gaussian of one voxel between two voxels");

        float[] board = [.. Enumerable.Range(0, Size.VoxelCount).Select(i => 1f + (2 * ((i + (i / Size.X) + (i / Size.X / Size.Y)) % 2)))];
        LargestStep(board).Should().Be(2);
        LargestStep(Change(Of("P1", Size, ("t1ce", board)), new() { LowResolution = new(0.5, 0.5, 1) }, 1)["t1ce"].Image).Should().BeLessThan(1);

        static double LargestStep(float[] image) => Enumerable.Range(0, image.Length).Where(i => i % Size.X > 0).Max(i => Math.Abs(image[i] - image[i - 1]));
    }

    [Theory]
    [InlineData("all", "rotation,scaling,noise,blur,brightness,contrast,gamma,low-resolution")]
    [InlineData("gamma, rotation", "rotation,gamma")]
    [InlineData("all,scaling=0.9..1.1", "rotation,scaling=0.9..1.1,noise,blur,brightness,contrast,gamma,low-resolution")]
    public void A_list_names_changes_with_their_ranges(string text, string canonical)
    {
        AugmentationOptions options = AugmentationOptions.Parse(text);
        options.ToText().Should().Be(canonical);
        AugmentationOptions.Parse(options.ToText()).Should().Be(options);
    }

    [Theory]
    [InlineData("")]
    [InlineData("spin")]
    [InlineData("rotation=")]
    [InlineData("rotation=5")]
    [InlineData("scaling=0..2")]
    [InlineData("scaling=2..1")]
    [InlineData("gamma=a..b")]
    [InlineData("low-resolution=0.5..2")]
    public void Other_lists_are_refused(string text) => FluentActions.Invoking(() => AugmentationOptions.Parse(text)).Should().Throw<FormatException>();

    private static double Deviation(float[] values)
    {
        double mean = values.Average(value => (double)value);
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }

    private static AugmentationOptions Always(string names)
    {
        AugmentationOptions parsed = AugmentationOptions.Parse(names);
        return parsed with
        {
            Rotation = Certain(parsed.Rotation),
            Scaling = Certain(parsed.Scaling),
            GaussianNoise = Certain(parsed.GaussianNoise),
            GaussianBlur = Certain(parsed.GaussianBlur),
            Brightness = Certain(parsed.Brightness),
            Contrast = Certain(parsed.Contrast),
            Gamma = Certain(parsed.Gamma),
            LowResolution = Certain(parsed.LowResolution),
        };

        static RandomRange? Certain(RandomRange? range) => range is null ? null : range with { Probability = 1 };
    }

    private static Dictionary<string, (float[] Image, byte[] Classes)> Change(PreprocessedCase source, AugmentationOptions options, int epoch, long seed = 7)
    {
        CaseBatchSource batches = new([source], new CaseBatchOptions { Seed = seed, Flip = false, Augmentation = options });
        using Batch batch = batches.ReadEpoch(epoch).Single();
        byte[] classes = batch.Labels.data<byte>().ToArray();
        return batch.Images.Names.ToDictionary(name => name, name => (batch.Images[name].data<float>().ToArray(), classes));
    }

    // A ball of 10 that lies off the center, in a box of 1, in background.
    private static PreprocessedCase Ball(string id, params string[] modalities)
    {
        float[] image = new float[Size.VoxelCount];
        byte[] classes = new byte[Size.VoxelCount];
        for (int i = 0; i < image.Length; i++)
        {
            (int x, int y, int z) = (i % Size.X, i / Size.X % Size.Y, i / Size.X / Size.Y);
            bool inside = Math.Pow(x - 13, 2) + Math.Pow(y - 8, 2) + Math.Pow(z - 8, 2) < 25;
            image[i] = inside ? 10 : x is > 0 and < 23 && y is > 0 and < 19 && z is > 0 and < 15 ? 1 + ((x + y + z) % 2 * 0.2f) : 0;
            classes[i] = inside ? (byte)1 : (byte)0;
        }

        image[Size.IndexOf(1, 1, 1)] = 1;
        return new PreprocessedCase(
            id, modalities.ToDictionary(name => name, _ => (float[])image.Clone()), classes, Geometry(Size), BraTSLabelConvention.BraTS2018.Map, null);
    }

    private static PreprocessedCase Of(string id, VolumeSize size, params (string Name, float[] Image)[] images) => new(
        id, images.ToDictionary(image => image.Name, image => image.Image),
        new byte[size.VoxelCount], Geometry(size), BraTSLabelConvention.BraTS2018.Map, null);

    private static PreprocessingGeometry Geometry(VolumeSize size) => new(new VolumeGrid(size, Affine.Identity), (0, 0, 0), size, 1);
}
