using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class OrientationTests
{
    private static readonly string[] AllCodes = [..
        from order in new[] { "RAS", "RSA", "ARS", "ASR", "SRA", "SAR" }
        from signs in Enumerable.Range(0, 8)
        select string.Concat(order.Select((code, axis) => (signs >> axis & 1) == 0 ? code : "LPI"["RAS".IndexOf(code, StringComparison.Ordinal)]))];

    private static readonly Gen<Affine> Oblique =
        from rotation in Gen.Double[-1, 1].Array[4]
        from spacing in Gen.Double[0.2, 5].Array[3]
        from offset in Gen.Double[-200, 200].Array[3]
        from reverse in Gen.Bool
        where rotation.Take(3).Sum(value => value * value) > 0.1
        select Rotated(rotation, spacing, offset, reverse);

    [Fact]
    public void All_48_orientations_are_parsed_in_either_case_and_printed()
    {
        AllCodes.Distinct().Should().HaveCount(48);
        foreach (string codes in AllCodes)
        {
            Orientation.Parse(codes).ToString().Should().Be(codes);
            Orientation.Parse(codes.ToLowerInvariant()).Should().Be(Orientation.Parse(codes));
        }
    }

    // Three axes almost in one plane: the iteration on the way to the nearest rotation passes through maps that are flatter still.
    [Fact]
    public void An_affine_that_is_almost_singular_has_an_orientation_or_is_refused_as_documented() =>
        Gen.Select(Gen.Double[-1, 1].Array[6], Gen.Double[-1, 1].Array[2], Gen.Double[-8, 0], Gen.Double[-3, 3].Array[3]).Sample((axes, mix, flatness, scale) =>
        {
            double lift = Math.Pow(10, flatness);
            (double sx, double sy, double sz) = (Math.Pow(10, scale[0]), Math.Pow(10, scale[1]), Math.Pow(10, scale[2]));
            var affine = new Affine(
                axes[0] * sx, axes[3] * sy, ((mix[0] * axes[0]) + (mix[1] * axes[3])) * sz, 0,
                axes[1] * sx, axes[4] * sy, ((mix[0] * axes[1]) + (mix[1] * axes[4])) * sz, 0,
                axes[2] * sx, axes[5] * sy, ((mix[0] * axes[2]) + (mix[1] * axes[5]) + lift) * sz, 0);
            if (affine.IsInvertible)
                Orientation.Of(affine).ToString().Should().HaveLength(3);
            else
                FluentActions.Invoking(() => Orientation.Of(affine)).Should().Throw<ArgumentException>();
        }, iter: 20_000);

    [Theory]
    [InlineData("")]
    [InlineData("RA")]
    [InlineData("RASP")]
    [InlineData("RAL")]
    [InlineData("RAX")]
    [InlineData("RRS")]
    public void Letters_that_are_no_orientation_are_refused(string codes) =>
        FluentActions.Invoking(() => Orientation.Parse(codes)).Should().Throw<FormatException>().WithMessage($"'{codes}'*");

    [Fact]
    public void An_oblique_grid_takes_the_closest_axes()
    {
        // 30° about z, then a reversed x; worked out by hand.
        double cosine = Math.Sqrt(0.75) * 2;
        Orientation.Of(new Affine(-cosine, -1, 0, 0, -1, cosine, 0, 0, 0, 0, 2, 0)).ToString().Should().Be("LAS");
        // 60° instead: x runs mostly to anterior.
        Orientation.Of(new Affine(1, -cosine, 0, 0, cosine, 1, 0, 0, 0, 0, 2, 0)).ToString().Should().Be("ALS");
    }

    [Fact]
    public void No_world_axis_is_taken_twice_however_skewed_the_grid()
    {
        // Both x and y run mostly to the right; the nearest rotation tells which is closer to anterior.
        Orientation.Of(new Affine(1, 1, 0, 0, 0, 0.4, 0, 0, 0, 0, 1, 0)).ToString().Should().Be("RAS");
        Orientation.Of(new Affine(1, 1, 0, 0, 0.4, 0, 0, 0, 0, 0, 1, 0)).ToString().Should().Be("ARS");
    }

    [Fact]
    public void At_a_tilt_of_45_degrees_the_choice_does_not_depend_on_how_the_voxels_are_stored()
    {
        double half = Math.Sqrt(0.5);
        VolumeGrid grid = new(new VolumeSize(2, 3, 4), new Affine(half, -half, 0, 0, half, half, 0, 0, 0, 0, 1, 0));
        Volume<int> original = new(grid, [.. Enumerable.Range(0, 24)]);
        foreach (string codes in AllCodes)
        {
            Volume<int> turned = original.ReorientTo(Orientation.Parse(codes));

            turned.Grid.Orientation.ToString().Should().Be(codes);
            turned.ReorientTo(grid.Orientation).Voxels.Should().Equal(original.Voxels);
        }
    }

    [Fact]
    public void A_map_without_inverse_has_no_orientation() =>
        FluentActions.Invoking(() => Orientation.Of(default)).Should().Throw<ArgumentException>().WithMessage("*no orientation*");

    [Fact]
    public void Reorienting_keeps_every_voxel_at_its_place_and_back_again_restores_the_volume()
    {
        (from affine in Oblique
         from sizes in Gen.Int[1, 6].Array[3]
         from code in Gen.Int[0, AllCodes.Length - 1]
         select (Grid: new VolumeGrid(new VolumeSize(sizes[0], sizes[1], sizes[2]), affine), Orientation: Orientation.Parse(AllCodes[code]))).Sample(
            sample =>
            {
                int[] values = [.. Enumerable.Range(0, sample.Grid.VoxelCount)];
                Volume<int> original = new(sample.Grid, values);

                Volume<int> turned = original.ReorientTo(sample.Orientation);
                Volume<int> restored = turned.ReorientTo(sample.Grid.Orientation);
                Volume<float> floats = new Volume<float>(sample.Grid, [.. values.Select(value => (float)value)]).ReorientTo(sample.Orientation);

                turned.Grid.Orientation.Should().Be(sample.Orientation);
                floats.Voxels.Should().Equal(turned.Voxels.Select(value => (float)value));
                restored.Voxels.Should().Equal(values);
                restored.Grid.CoincidesWith(sample.Grid, 1e-9).Should().BeTrue();
                for (int index = 0; index < values.Length; index++)
                {
                    (double X, double Y, double Z) now = PlaceOf(turned.Grid, index), was = PlaceOf(sample.Grid, turned.Voxels[index]);
                    (Math.Abs(now.X - was.X) + Math.Abs(now.Y - was.Y) + Math.Abs(now.Z - was.Z)).Should().BeLessThan(1e-9);
                }
            },
            iter: 300, threads: 1);
    }

    [Fact]
    public void A_volume_that_has_the_orientation_already_is_returned_as_it_is()
    {
        Volume<float> volume = new(new VolumeGrid(new(2, 2, 2), Affine.Identity), new float[8]);

        volume.ReorientTo(Orientation.RAS).Should().BeSameAs(volume);
    }

    [Fact]
    public void The_inverse_takes_world_coordinates_back_to_voxels()
    {
        Gen.Select(Oblique, Gen.Double[-50, 50].Array[3]).Sample(
            (affine, voxel) =>
            {
                (double x, double y, double z) = affine.Apply(voxel[0], voxel[1], voxel[2]);
                (double backX, double backY, double backZ) = affine.Inverse().Apply(x, y, z);
                (Math.Abs(backX - voxel[0]) + Math.Abs(backY - voxel[1]) + Math.Abs(backZ - voxel[2])).Should().BeLessThan(1e-9);
                Math.Abs(affine.Determinant).Should().BeApproximately(affine.Spacing.X * affine.Spacing.Y * affine.Spacing.Z, 1e-9);
            },
            iter: 300, threads: 1);
        FluentActions.Invoking(() => new Affine(1, 2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0).Inverse()).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Grids_coincide_up_to_a_fraction_of_a_voxel_at_every_corner()
    {
        VolumeGrid grid = new(new VolumeSize(100, 100, 100), Affine.Identity);

        grid.CoincidesWith(new VolumeGrid(new(100, 100, 100), Affine.Identity with { M14 = 0.009 })).Should().BeTrue();
        grid.CoincidesWith(new VolumeGrid(new(100, 100, 100), Affine.Identity with { M14 = 0.011 })).Should().BeFalse();
        grid.CoincidesWith(new VolumeGrid(new(100, 100, 100), Affine.Identity with { M11 = 1.0002 })).Should().BeFalse("the far corner is 0.02 mm away");
        grid.CoincidesWith(new VolumeGrid(new(100, 100, 101), Affine.Identity)).Should().BeFalse();
        grid.CoincidesWith(new VolumeGrid(new(100, 100, 100), Affine.Identity with { M14 = double.NaN })).Should().BeFalse();
    }

    private static (double X, double Y, double Z) PlaceOf(VolumeGrid grid, int index) =>
        grid.Affine.Apply(index % grid.Size.X, index / grid.Size.X % grid.Size.Y, index / grid.Size.X / grid.Size.Y);

    // Rodrigues' rotation about an axis.
    private static Affine Rotated(double[] rotation, double[] spacing, double[] offset, bool reverse)
    {
        double length = Math.Sqrt((rotation[0] * rotation[0]) + (rotation[1] * rotation[1]) + (rotation[2] * rotation[2]));
        double[] k = [rotation[0] / length, rotation[1] / length, rotation[2] / length];
        (double sine, double cosine) = Math.SinCos(rotation[3] * Math.PI);
        double[,] cross = { { 0, -k[2], k[1] }, { k[2], 0, -k[0] }, { -k[1], k[0], 0 } };
        double[] steps = [spacing[0], spacing[1], reverse ? -spacing[2] : spacing[2]];
        double Element(int row, int column) =>
            steps[column] * ((row == column ? cosine : 0) + (sine * cross[row, column]) + ((1 - cosine) * k[row] * k[column]));
        return new Affine(
            Element(0, 0), Element(0, 1), Element(0, 2), offset[0],
            Element(1, 0), Element(1, 1), Element(1, 2), offset[1],
            Element(2, 0), Element(2, 1), Element(2, 2), offset[2]);
    }
}
