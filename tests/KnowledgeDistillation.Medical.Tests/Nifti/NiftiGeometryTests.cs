using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Header fields to affine and back; the expected values are worked out by hand from the text of the standard (nifti1.h).</summary>
public sealed class NiftiGeometryTests
{
    private static readonly double HalfRoot = Math.Sqrt(0.5);

    [Fact]
    public void Without_rotation_the_qform_is_the_voxel_size_and_the_offset()
    {
        Affine affine = Read(fields => SetQform(fields, (0, 0, 0), (2, 3, 4), qfac: 1, (-10, 20, 30)));

        ShouldBe(affine, new Affine(2, 0, 0, -10, 0, 3, 0, 20, 0, 0, 4, 30));
    }

    [Fact]
    public void A_negative_qfac_reverses_the_third_axis_only()
    {
        Affine affine = Read(fields => SetQform(fields, (0, 0, 0), (2, 3, 4), qfac: -1, (-10, 20, 30)));

        ShouldBe(affine, new Affine(2, 0, 0, -10, 0, 3, 0, 20, 0, 0, -4, 30));
    }

    [Fact]
    public void A_half_turn_about_y_with_negative_qfac_gives_radiological_axes()
    {
        // Quaternion (0, 0, 1, 0): x and z change sign; qfac -1 turns z back. So scanners store LAS volumes.
        Affine affine = Read(fields => SetQform(fields, (0, 1, 0), (2, 2, 2.2), qfac: -1, (117, -35, -7)));

        ShouldBe(affine, new Affine(-2, 0, 0, 117, 0, 2, 0, -35, 0, 0, 2.2, -7));
        Orientation.Of(affine).ToString().Should().Be("LAS");
    }

    [Fact]
    public void A_quarter_turn_about_z_takes_x_to_anterior_and_y_to_left()
    {
        Affine affine = Read(fields => SetQform(fields, (0, 0, HalfRoot), (2, 3, 4), qfac: 1, (0, 0, 0)));

        ShouldBe(affine, new Affine(0, -3, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0));
        Orientation.Of(affine).ToString().Should().Be("ALS");
    }

    [Fact]
    public void A_qfac_of_zero_counts_as_one()
    {
        Affine affine = Read(fields => SetQform(fields, (0, 0, 0), (1, 1, 5), qfac: 0, (0, 0, 0)));

        ShouldBe(affine, Affine.Scaling(1, 1, 5));
    }

    [Fact]
    public void A_quaternion_that_rounding_made_longer_than_one_is_a_half_turn()
    {
        Affine affine = Read(fields => SetQform(fields, (0.70712, 0.70712, 0), (1, 1, 1), qfac: 1, (0, 0, 0)));

        ShouldBe(affine, new Affine(0, 1, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0));
    }

    [Fact]
    public void The_sform_wins_over_the_qform_and_the_qform_over_the_voxel_size()
    {
        Action<NiftiFields> both = fields =>
        {
            SetQform(fields, (0, 0, 0), (2, 2, 2), qfac: 1, (5, 5, 5));
            fields.Set(NiftiField.SformCode, 1L);
        };

        ShouldBe(Read(both), Affine.Identity);
        ShouldBe(Read(both + (fields => fields.Set(NiftiField.SformCode, 0L))), new Affine(2, 0, 0, 5, 0, 2, 0, 5, 0, 0, 2, 5));
        ShouldBe(Read(both + (fields => ClearCodes(fields))), new Affine(-2, 0, 0, 3, 0, 2, 0, -4, 0, 0, 2, -5));
    }

    [Fact]
    public void A_broken_qform_does_not_matter_where_the_sform_is_used()
    {
        Affine affine = Read(fields =>
        {
            SetQform(fields, (double.NaN, 9, 9), (0, double.NaN, -1), qfac: 1, (0, 0, double.PositiveInfinity));
            fields.Set(NiftiField.SformCode, 1L);
        });

        ShouldBe(affine, Affine.Identity);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1000)]
    [InlineData(2, 1)]
    [InlineData(3, 0.001)]
    [InlineData(2 + 8, 1)]
    public void Units_are_converted_to_millimeters(int units, double millimeters)
    {
        Affine affine = Read(fields => fields.Set(NiftiField.XyztUnits, (long)units));

        ShouldBe(affine, Affine.Scaling(millimeters, millimeters, millimeters));
    }

    [Fact]
    public void A_single_slice_without_a_thickness_is_1_mm_thick()
    {
        NiftiFields fields = NiftiFile.Fields([4, 5], NiftiDataType.UInt8);
        fields.Set(NiftiField.SformCode, 0L);

        NiftiHeader header = new(fields, isPair: false, [], "slice");

        (header.Grid.Size.X, header.Grid.Size.Y, header.Grid.Size.Z).Should().Be((4, 5, 1));
        header.Grid.Spacing.Should().Be(new Spacing(1, 1, 1));
    }

    [Fact]
    public void A_written_qform_gives_the_same_map_as_the_sform_for_every_rotation()
    {
        Random random = new(5);
        for (int trial = 0; trial < 200; trial++)
        {
            double[] q = [.. Enumerable.Range(0, 4).Select(index => trial < 8 ? (index == trial % 4 ? 1 : 0.0) : (random.NextDouble() * 2) - 1)];
            double length = Math.Sqrt(q.Sum(value => value * value)) * (q[0] < 0 ? -1 : 1);
            Affine wanted = Read(fields => SetQform(
                fields, (q[1] / length, q[2] / length, q[3] / length), (1 + random.NextDouble(), 2, 3), qfac: trial % 2 == 0 ? 1 : -1, (7, -8, 9)));

            NiftiImage image = NiftiImage.FromLabels(new Volume<int>(new VolumeGrid(new(4, 5, 6), wanted), new int[120]));
            NiftiFields written = image.Header.CopyFields();

            ShouldBe(image.Grid.Affine, wanted);
            image.Header.QformCode.Should().Be(2);
            written.Set(NiftiField.SformCode, 0L);
            // The part of the quaternion that the format leaves out loses half the digits of single precision near 0.
            ShouldBe(new NiftiHeader(written, isPair: false, [], "qform").Grid.Affine, wanted, tolerance: 5e-3);
        }
    }

    [Fact]
    public void A_sheared_map_is_written_as_sform_alone()
    {
        Affine sheared = new(1, 0.3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);

        NiftiHeader header = NiftiImage.FromLabels(new Volume<int>(new VolumeGrid(new(2, 2, 2), sheared), new int[8])).Header;

        (header.SformCode, header.QformCode).Should().Be((2, 0));
        ShouldBe(header.Grid.Affine, sheared);
    }

    private static Affine Read(Action<NiftiFields> change)
    {
        NiftiFields fields = NiftiFile.Fields([4, 5, 6], NiftiDataType.UInt8, version: 2);
        change(fields);
        return new NiftiHeader(fields, isPair: false, [], "header").Grid.Affine;
    }

    private static void SetQform(
        NiftiFields fields,
        (double B, double C, double D) quaternion,
        (double X, double Y, double Z) sizes,
        double qfac,
        (double X, double Y, double Z) offset)
    {
        fields.Set(NiftiField.SformCode, 0L);
        fields.Set(NiftiField.QformCode, 1L);
        double[] pixdim = [qfac, sizes.X, sizes.Y, sizes.Z];
        for (int index = 0; index < pixdim.Length; index++)
            fields.Set(NiftiField.PixDim, pixdim[index], index);
        double[] numbers = [quaternion.B, quaternion.C, quaternion.D];
        double[] offsets = [offset.X, offset.Y, offset.Z];
        for (int index = 0; index < 3; index++)
        {
            fields.Set(NiftiField.Quatern, numbers[index], index);
            fields.Set(NiftiField.QOffset, offsets[index], index);
        }
    }

    private static void ClearCodes(NiftiFields fields)
    {
        fields.Set(NiftiField.SformCode, 0L);
        fields.Set(NiftiField.QformCode, 0L);
    }

    private static void ShouldBe(Affine actual, Affine expected, double tolerance = 1e-5) =>
        new VolumeGrid(new(4, 5, 6), actual).CoincidesWith(new VolumeGrid(new(4, 5, 6), expected), tolerance).Should().BeTrue($"{actual} should be {expected}");
}
