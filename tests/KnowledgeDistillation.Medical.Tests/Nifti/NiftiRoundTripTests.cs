using System.Buffers.Binary;
using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class NiftiRoundTripTests
{
    private static readonly NiftiDataType[] Types = [.. Enum.GetValues<NiftiDataType>().Where(Voxels.IsSupported)];
    private static readonly string[] Endings = [".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz"];

    private sealed record Sample(NiftiImage Image, string Ending);

    private static readonly Gen<Sample> Samples =
        from type in OneOf(Types)
        from sizes in Gen.Int[1, 5].Array[1, 6]
        from version in Gen.Int[1, 2]
        from bigEndian in Gen.Bool
        from slope in OneOf(0, 1, 0.5, -3)
        from intercept in OneOf(0, -1024, 0.25)
        from extensions in Gen.Select(Gen.Int[0, 60], Gen.Byte.Array[0, 40]).Array[0, 3]
        from voxels in Gen.Byte.Array[sizes.Aggregate(1, (product, size) => product * size) * Voxels.BytesPer(type)]
        from ending in OneOf(Endings)
        select new Sample(Image(NiftiFile.Fields(sizes, type, version, bigEndian), slope, intercept, extensions, voxels), ending);

    [Fact]
    public void What_is_written_is_read_again_for_every_type_shape_byte_order_version_and_file_kind()
    {
        using TemporaryFolder folder = new();
        Samples.Sample(
            sample =>
            {
                string file = folder["sample" + sample.Ending];
                sample.Image.Save(file);
                NiftiImage read = NiftiImage.Load(file);

                NiftiHeader was = sample.Image.Header, now = read.Header;
                read.RawVoxels.SequenceEqual(sample.Image.RawVoxels).Should().BeTrue();
                now.IsPair.Should().Be(!sample.Ending.StartsWith(".nii", StringComparison.Ordinal));
                now.Dimensions.Should().Equal(was.Dimensions);
                (now.Version, now.IsBigEndian, now.DataType, now.BitsPerVoxel, now.Slope, now.Intercept).Should().Be(
                    (was.Version, was.IsBigEndian, was.DataType, was.BitsPerVoxel, was.Slope, was.Intercept));
                now.Grid.Should().Be(was.Grid);
                now.Extensions.Select(extension => extension.Code).Should().Equal(was.Extensions.Select(extension => extension.Code));
                foreach ((NiftiExtension kept, NiftiExtension original) in now.Extensions.Zip(was.Extensions))
                {
                    kept.Content.Span.StartsWith(original.Content.Span).Should().BeTrue();
                    kept.Content.Span[original.Content.Length..].ContainsAnyExcept((byte)0).Should().BeFalse("only padding may follow");
                }
            },
            iter: 200, threads: 1);
    }

    [Fact]
    public void Real_values_are_stored_values_times_slope_plus_intercept()
    {
        Samples.Sample(
            sample =>
            {
                NiftiImage image = sample.Image;
                bool scaled = image.Header.Slope != 0;
                for (int frame = 0; frame < image.FrameCount; frame++)
                {
                    float[] values = image.ToVolume(frame).Voxels;
                    for (int index = 0; index < values.Length; index++)
                    {
                        double stored = Stored(image, (frame * values.Length) + index);
                        float expected = (float)(scaled ? (stored * image.Header.Slope) + image.Header.Intercept : stored);
                        values[index].Should().Be(expected);
                    }
                }
            },
            iter: 200, threads: 1);
    }

    [Fact]
    public void Labels_are_the_exact_integers_or_the_first_voxel_that_is_none_is_named()
    {
        Samples.Sample(
            sample =>
            {
                NiftiImage image = sample.Image;
                (double slope, double intercept) = image.Header.Slope == 0 ? (1, 0) : (image.Header.Slope, image.Header.Intercept);
                double[] expected = [.. Enumerable.Range(0, image.Grid.VoxelCount).Select(index => (Stored(image, index) * slope) + intercept)];
                int bad = Array.FindIndex(
                    expected, value => !(Math.Abs(value - Math.Round(value)) <= 1e-6 * Math.Max(1, Math.Abs(value))) || Math.Abs(value) > int.MaxValue);
                if (bad < 0)
                {
                    image.ToLabels().Voxels.Should().Equal(expected.Select(value => (int)Math.Round(value)));
                    return;
                }
                int x = bad % image.Grid.Size.X, y = bad / image.Grid.Size.X % image.Grid.Size.Y, z = bad / image.Grid.Size.X / image.Grid.Size.Y;
                // Within a millionth of an integer both outcomes are right where the file scales its values.
                if (slope == 1 && intercept == 0)
                    image.Invoking(it => it.ToLabels()).Should().Throw<NiftiException>().WithMessage($"sample: voxel ({x}, {y}, {z}) of frame 0 *no label*");
            },
            iter: 200, threads: 1);
    }

    [Fact]
    public void Vector_loops_convert_every_voxel_at_every_length()
    {
        for (int length = 1; length < 200; length++)
        {
            byte[] bytes = [.. Enumerable.Range(0, length).Select(index => (byte)(index * 37))];
            short[] shorts = [.. Enumerable.Range(0, length).Select(index => (short)(index * 7919))];
            byte[] shortBytes = [.. shorts.SelectMany(BitConverter.GetBytes)];
            float[] floats = new float[length];
            int[] labels = new int[length];

            Voxels.ToFloats(bytes, NiftiDataType.UInt8, 1, 0, floats);
            floats.Should().Equal(bytes.Select(value => (float)value));
            Voxels.ToLabels(bytes, NiftiDataType.UInt8, 1, 0, labels).Should().Be(-1);
            labels.Should().Equal(bytes.Select(value => (int)value));
            Voxels.ToFloats(shortBytes, NiftiDataType.Int16, 1, 0, floats);
            floats.Should().Equal(shorts.Select(value => (float)value));
            Voxels.ToLabels(shortBytes, NiftiDataType.Int16, 1, 0, labels).Should().Be(-1);
            labels.Should().Equal(shorts.Select(value => (int)value));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_slope_that_means_nothing_leaves_the_stored_values(double slope)
    {
        NiftiImage image = Image(NiftiFile.Fields([3, 1, 1], NiftiDataType.UInt8), slope, 7, [], [0, 10, 40]);

        image.ToVolume().Voxels.Should().Equal(0, 10, 40);
        image.ToLabels().Voxels.Should().Equal(0, 10, 40);
    }

    [Fact]
    public void A_scaled_label_is_read_although_its_slope_is_rounded_to_single_precision()
    {
        NiftiImage image = Image(NiftiFile.Fields([3, 1, 1], NiftiDataType.UInt8), 0.1f, 0, [], [0, 10, 40]);

        image.ToLabels().Voxels.Should().Equal(0, 1, 4);
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static NiftiImage Image(NiftiFields fields, double slope, double intercept, (int Code, byte[] Content)[] extensions, byte[] voxels)
    {
        fields.Set(NiftiField.SclSlope, slope);
        fields.Set(NiftiField.SclInter, intercept);
        NiftiExtension[] blocks = [.. extensions.Select(extension => new NiftiExtension(extension.Code, extension.Content))];
        return new NiftiImage(new NiftiHeader(fields, isPair: false, blocks, "sample"), voxels, "sample");
    }

    private static double Stored(NiftiImage image, int index)
    {
        ReadOnlySpan<byte> at = image.RawVoxels[(index * image.Header.BitsPerVoxel / 8)..];
        return image.Header.DataType switch
        {
            NiftiDataType.UInt8 => at[0],
            NiftiDataType.Int8 => (sbyte)at[0],
            NiftiDataType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
            NiftiDataType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(at),
            NiftiDataType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
            NiftiDataType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(at),
            NiftiDataType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(at),
            NiftiDataType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
            NiftiDataType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(at),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(at),
        };
    }
}
