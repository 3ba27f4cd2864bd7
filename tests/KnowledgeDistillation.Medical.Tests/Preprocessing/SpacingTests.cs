using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class SpacingTests
{
    private static readonly LabelMap Labels = new(("core", 1), ("rim", 4));

    // Another orientation, oblique, and another size along each axis.
    private static readonly VolumeGrid Oblique = new(
        new VolumeSize(24, 20, 12), new Affine(-0.8, 0.1, 0, 12, 0.1, 0.9, 0, -7, 0, 0, -2.5, 40));

    public static TheoryData<double, double, double, int> Spacings => new()
    {
        { 1, 1, 1, 1 }, { 0.5, 0.5, 0.5, 1 }, { 1.7, 0.6, 3, 1 }, { 1, 1, 1, 2 }, { 0.45, 1.25, 0.9, 3 },
    };

    [Theory]
    [MemberData(nameof(Spacings))]
    public void Voxels_have_the_values_of_the_place_at_which_their_grid_puts_them(double x, double y, double z, int factor)
    {
        PreprocessedCase result = Prepare(Ramp(Oblique), new(x, y, z), factor);

        result.Geometry.Spacing.Should().Be(new Spacing(x, y, z));
        Spacing found = result.Geometry.Grid.Spacing;
        new[] { found.X, found.Y, found.Z }.Zip([x, y, z], (actual, wanted) => Math.Abs(actual - (factor * wanted)))
            .Should().OnlyContain(error => error < 1e-9);
        Affine toNative = Oblique.Affine.Inverse();
        int compared = 0;
        for (int i = 0; i < result.Images["t1"].Length; i++)
        {
            (double X, double Y, double Z) world = At(result.Geometry.Grid, i);
            // A block of which a part lies beyond the outermost centers is no mean of the ramp.
            double margin = (factor - 1) / 2.0 * Math.Max(x / 0.8, Math.Max(y / 0.9, z / 2.5));
            if (!IsInside(toNative.Apply(world.X, world.Y, world.Z), Oblique.Size, margin))
                continue;
            result.Images["t1"][i].Should().BeApproximately(Value(world), 2e-3f);
            compared++;
        }

        compared.Should().BeGreaterThan(50);
    }

    [Theory]
    [MemberData(nameof(Spacings))]
    public void Values_come_back_to_the_places_of_the_input(double x, double y, double z, int factor)
    {
        PreprocessingGeometry geometry = Prepare(Ramp(Oblique), new(x, y, z), factor).Geometry;
        float[] back = geometry.BringBack(Ramp(geometry.Grid).Voxels, outside: float.NaN);

        Affine toNetwork = geometry.Grid.Affine.Inverse();
        int compared = 0;
        for (int i = 0; i < back.Length; i++)
        {
            (double X, double Y, double Z) world = At(Oblique, i);
            if (!IsInside(toNetwork.Apply(world.X, world.Y, world.Z), geometry.Size, 0))
                continue;
            back[i].Should().BeApproximately(Value(world), 2e-3f);
            compared++;
        }

        compared.Should().BeGreaterThan(500);
    }

    [Fact]
    public void Without_a_spacing_values_come_back_as_torch_upsamples_them()
    {
        var geometry = new PreprocessingGeometry(Oblique, (3, -2, 1), new VolumeSize(12, 24, 8), 2);
        float[] values = [.. Enumerable.Range(0, geometry.Size.VoxelCount).Select(i => MathF.Sin(i))];
        using Tensor fine = nn.functional.interpolate(
            tensor(values, [1, 1, 4, 12, 6]), size: [8, 24, 12], mode: InterpolationMode.Trilinear, align_corners: false);
        float[] expected = geometry.PasteBack<float>(fine.data<float>().ToArray(), -1);
        geometry.BringBack(values, -1).Zip(expected, (one, other) => Math.Abs(one - other)).Max().Should().BeLessThan(1e-6f);
    }

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(1.00001, 0.99999, 2)]
    public void The_spacing_that_the_voxels_have_changes_nothing(double x, double y, double z)
    {
        VolumeGrid grid = new(new(9, 8, 7), Affine.Scaling(1, 1, 2));
        PreprocessedCase with = Prepare(Ramp(grid), new(x, y, z), 1), without = Prepare(Ramp(grid), null, 1);
        with.Geometry.Should().Be(without.Geometry);
        with.Images["t1"].Should().Equal(without.Images["t1"]);
        with.Classes.Should().Equal(without.Classes);
    }

    [Fact]
    public void Each_voxel_takes_the_class_with_the_largest_interpolated_share()
    {
        Gen.Select(Gen.Int[1, 7], Gen.Int[1, 7], Gen.Int[1, 7], Gen.Double[0.3, 3], Gen.Double[0.3, 3], Gen.Double[0.3, 3], Gen.Int)
            .Sample((nx, ny, nz, x, y, z, seed) =>
            {
                VolumeGrid grid = new(new(nx, ny, nz), Affine.Scaling(1, 1, 1));
                var random = new Random(seed);
                byte[] classes = [.. Enumerable.Range(0, grid.VoxelCount).Select(_ => (byte)random.Next(3))];
                var change = new SpacingChange(grid, new(x, y, z));
                float[][] shares =
                    [.. Enumerable.Range(0, 3).Select(number => change.Values([.. classes.Select(value => value == number ? 1f : 0f)]))];
                byte[] found = change.Classes(classes);
                for (int i = 0; i < found.Length; i++)
                    shares[found[i]][i].Should().BeGreaterThanOrEqualTo(shares.Max(share => share[i]) - 1e-5f);
            }, iter: 200, threads: 1);
    }

    [Theory]
    [InlineData(2, 2, 2)]
    [InlineData(0.7, 0.7, 1.5)]
    [InlineData(1, 1, 5)]
    public void A_perfect_prediction_at_another_spacing_comes_back_on_the_grid_of_the_input(double x, double y, double z)
    {
        VolumeGrid grid = new(new(40, 44, 30), new Affine(-1, 0, 0, 20, 0, -1, 0, 20, 0, 0, 1.3, 0));
        int[] labels = [.. Enumerable.Range(0, grid.VoxelCount).Select(i =>
        {
            (double X, double Y, double Z) = At(grid, i);
            double distance = Math.Sqrt((X * X) + (Y * Y) + ((Z - 20) * (Z - 20)));
            return distance < 7 ? 1 : distance < 13 ? 4 : 0;
        })];
        PreprocessedCase prepared = Preprocess(Ramp(grid), labels, new(x, y, z), 1);
        prepared.Foreground!.LostShare.Should().Be(0);
        using Tensor classes = tensor(prepared.Classes!, [1, prepared.Size.Z, prepared.Size.Y, prepared.Size.X]).to(ScalarType.Int64);
        using Tensor probabilities = nn.functional.one_hot(classes, 3).permute(0, 4, 1, 2, 3).to(ScalarType.Float32);
        using var prediction = new CasePrediction(probabilities.clone(), new ExclusiveClasses("background", "core", "rim"), prepared.Geometry);

        byte[] native = prediction.NativeClasses();

        native.Should().HaveCount(grid.VoxelCount);
        native.Should().Equal(
            ProbabilityVolume.OnNativeGrid(new ExclusiveClasses("background", "core", "rim"), prediction.Channels(), prepared.Geometry).Classes(),
            "probabilities are interpolated, not classes");
        foreach ((byte number, int label) in new[] { ((byte)1, 1), ((byte)2, 4) })
        {
            int both = native.Where((value, i) => value == number && labels[i] == label).Count();
            (2.0 * both / (native.Count(value => value == number) + labels.Count(value => value == label))).Should().BeGreaterThan(0.8);
        }

        // What cannot be interpolated takes the nearest.
        byte[] pasted = prepared.Geometry.PasteBack<byte>(prepared.Classes);
        pasted.Zip(native, (one, other) => one == other).Count(same => same).Should().BeGreaterThan((int)(0.9 * pasted.Length));
    }

    [Fact]
    public void A_patch_lies_in_the_world_where_its_case_does()
    {
        PreprocessedCase whole = Prepare(Ramp(Oblique), new(0.5, 0.5, 0.5), 2);
        var patches = new PatchReader(new PatchSampling { Size = new(6, 4, 8) }, augmentation: null, new ArrayRecycler());
        PreprocessedCase patch = patches.Read(new VoxelsInMemory(whole), seed: 1, epoch: 0, number: 0);

        Affine toWhole = whole.Geometry.Grid.Affine.Inverse();
        for (int i = 0; i < patch.Size.VoxelCount; i++)
        {
            (double x, double y, double z) = At(patch.Geometry.Grid, i);
            (double X, double Y, double Z) place = toWhole.Apply(x, y, z);
            int at = whole.Size.IndexOf((int)Math.Round(place.X), (int)Math.Round(place.Y), (int)Math.Round(place.Z));
            patch.Images["t1"][i].Should().Be(whole.Images["t1"][at]);
        }
    }

    [Fact]
    public void What_a_crop_cuts_off_is_counted_at_the_spacing_of_the_input()
    {
        VolumeGrid grid = new(new(20, 10, 10), Affine.Identity);
        int[] labels = new int[grid.VoxelCount];
        Array.Fill(labels, 1);
        PreprocessedCase prepared = Preprocess(Ramp(grid), labels, new(2, 2, 2), 1, new VolumeSize(4, 8, 8));

        // 10 voxels of 2 mm along x, of which the middle four are kept: eight of the twenty of 1 mm.
        prepared.Foreground.Should().Be(new ForegroundVoxels([2000, 0], 800));
        prepared.Geometry.PasteBack<byte>(prepared.Classes).Count(value => value == 1).Should().Be(800);
    }

    [Fact]
    public void Options_and_prepared_cases_are_stored_with_their_spacing()
    {
        var options = new PreprocessingOptions { Modalities = ["t1"], Spacing = new(0.5, 1, 2.25), CropSize = VolumeSize.Cube(16), SubsamplingFactor = 1 };
        IReadOnlyDictionary<string, string> facts = Cultures.In("German", () => PreprocessingMetadata.Write(options));
        facts["preprocessing.spacing"].Should().Be("0.5,1,2.25");
        Cultures.In("German", () => PreprocessingMetadata.Read(facts, ["t1"])).Spacing.Should().Be(options.Spacing);
        options.ToKey().Should().NotBe((options with { Spacing = null }).ToKey());
        FluentActions.Invoking(() => PreprocessingMetadata.Read(new Dictionary<string, string>(facts) { ["preprocessing.spacing"] = "1,2" }, ["t1"]))
            .Should().Throw<InvalidDataException>().WithMessage("*preprocessing.spacing*1,2*");

        using var folder = new TemporaryFolder();
        PreprocessedCase item = Prepare(Ramp(Oblique), options.Spacing, 1);
        CacheEntry.Write(folder["entry"], item, "key");
        CacheEntry.Read(folder["entry"], "X", "key", new ArrayRecycler())!.Geometry.Should().Be(item.Geometry);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    [InlineData(1000)]
    [InlineData(-1)]
    public void A_spacing_that_makes_no_sense_is_refused(double length) =>
        FluentActions.Invoking(() => new Preprocessor(new() { Spacing = new(1, length, 1) }))
            .Should().Throw<ArgumentException>().WithMessage("*Spacing must be from 0.01 to 100 mm along each axis*");

    private static PreprocessedCase Prepare(Volume<float> image, Spacing? spacing, int factor) =>
        Preprocess(image, [.. Enumerable.Range(0, image.Voxels.Length).Select(i => i % 3 == 0 ? 4 : i % 3 == 1 ? 1 : 0)], spacing, factor);

    private static PreprocessedCase Preprocess(Volume<float> image, int[] labels, Spacing? spacing, int factor, VolumeSize? crop = null) =>
        new Preprocessor(new()
        {
            Modalities = ["t1"],
            Spacing = spacing,
            CropSize = crop,
            SizeMultiple = 4,
            SubsamplingFactor = factor,
            Normalizations = new Dictionary<string, Normalization> { ["t1"] = Normalization.None },
        }).Process("X", new CaseVolumes(new Dictionary<string, Volume<float>> { ["t1"] = image }, new Volume<int>(image.Grid, labels), Labels));

    private static Volume<float> Ramp(VolumeGrid grid) => new(grid, [.. Enumerable.Range(0, grid.VoxelCount).Select(i => Value(At(grid, i)))]);

    private static float Value((double X, double Y, double Z) world) => (float)(5 + world.X + (2 * world.Y) - (3 * world.Z));

    private static (double X, double Y, double Z) At(VolumeGrid grid, int i) =>
        grid.Affine.Apply(i % grid.Size.X, i / grid.Size.X % grid.Size.Y, i / (grid.Size.X * grid.Size.Y));

    private static bool IsInside((double X, double Y, double Z) voxel, VolumeSize size, double margin) =>
        new[] { (voxel.X, size.X), (voxel.Y, size.Y), (voxel.Z, size.Z) }.All(item => item.Item1 >= margin && item.Item1 <= item.Item2 - 1 - margin);
}
