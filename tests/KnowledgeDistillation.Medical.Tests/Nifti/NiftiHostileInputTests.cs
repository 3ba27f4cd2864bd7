using System.IO.Compression;
using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class NiftiHostileInputTests
{
    private const long MostMemory = 16 << 20;

    private static readonly byte[] Sound = SoundFile();

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        byte[] compressed = NiftiFile.Compress(Sound);
        using TemporaryFolder folder = new();
        for (int length = 0; length < Sound.Length; length++)
            Refused(folder, "cut.nii", Sound[..length]);
        for (int length = 0; length < compressed.Length; length++)
            Refused(folder, "cut.nii.gz", compressed[..length]);
    }

    [Fact]
    public void Changed_bytes_in_a_header_give_an_exception_or_an_image_but_never_more_memory_than_the_file_justifies()
    {
        using TemporaryFolder folder = new();
        Gen<(int At, byte Value)[]> changes = Gen.Select(Gen.Int[0, 400], Gen.Byte).Array[1, 4];
        Gen.Select(changes, Gen.Bool).Sample(
            (edits, gzip) =>
            {
                byte[] bytes = [.. Sound];
                foreach ((int at, byte value) in edits)
                    bytes[at] = value;
                string file = folder["changed.nii"];
                File.WriteAllBytes(file, gzip ? NiftiFile.Compress(bytes, CompressionLevel.Fastest) : bytes);
                LoadsOrIsRefused(file);
            },
            iter: 2000, threads: 1);
    }

    [Fact]
    public void Bytes_at_random_after_a_sound_start_give_an_exception_or_an_image()
    {
        using TemporaryFolder folder = new();
        Gen.Select(Gen.Int[0, 360], Gen.Byte.Array[0, 700]).Sample(
            (kept, noise) =>
            {
                string file = folder["noise.nii"];
                File.WriteAllBytes(file, [.. Sound[..kept], .. noise]);
                LoadsOrIsRefused(file);
            },
            iter: 2000, threads: 1);
    }

    [Fact]
    public void Changed_bytes_in_compressed_data_are_noticed()
    {
        using TemporaryFolder folder = new();
        byte[] compressed = NiftiFile.Compress(Sound);
        // Beyond the ten bytes of gzip's own header, which say nothing about the content.
        for (int at = 10; at < compressed.Length - 4; at++)
        {
            byte[] bytes = [.. compressed];
            bytes[at] ^= 0x10;
            string file = folder["changed.nii.gz"];
            File.WriteAllBytes(file, bytes);
            try
            {
                NiftiImage.Load(file).RawVoxels.SequenceEqual(Sound.AsSpan(^(4 * 5 * 6 * 2)..)).Should().BeTrue($"byte {at} changed unnoticed");
            }
            catch (NiftiException)
            {
                // Noticed.
            }
        }
    }

    private static readonly Dictionary<string, (Action<NiftiFields> Change, string Message)> AllFaults = new()
    {
        ["no dimensions"] = (fields => fields.Set(NiftiField.Dim, 0L), "*0 dimensions*"),
        ["eight dimensions"] = (fields => fields.Set(NiftiField.Dim, 8L), "*8 dimensions*"),
        ["negative size"] = (fields => fields.Set(NiftiField.Dim, -5L, 2), "*dimension 2 a size of -5*"),
        ["zero size"] = (fields => fields.Set(NiftiField.Dim, 0L, 3), "*dimension 3 a size of 0*"),
        ["huge sizes"] = (fields => SetSizes(fields, 32767, 32767, 32767), "*32767×32767×32767*more voxels than can be held*"),
        ["many frames"] = (fields => SetSizes(fields, 4, 5, 6, 32767, 32767, 32767), "*the file ends before the voxels do*"),
        ["wrong bits"] = (fields => fields.Set(NiftiField.BitPix, 32L), "*32 bits per voxel for the type Int16 (4), which has 16*"),
        ["unknown type"] = (fields => fields.Set(NiftiField.DataType, 77L), "*code 77*"),
        ["color"] = (fields => fields.Set(NiftiField.DataType, 128L), "*type Rgb24 (128)*"),
        ["long double"] = (fields => fields.Set(NiftiField.DataType, 1536L), "*type Float128 (1536)*"),
        ["voxels in the header"] = (fields => fields.Set(NiftiField.VoxOffset, 100L), "*at byte 100 (vox_offset)*"),
        ["voxels before the file"] = (fields => fields.Set(NiftiField.VoxOffset, -352L), "*at byte -352 (vox_offset)*"),
        ["voxels at no number"] = (fields => fields.Set(NiftiField.VoxOffset, double.NaN), "*at byte NaN (vox_offset)*"),
        ["voxels at infinity"] = (fields => fields.Set(NiftiField.VoxOffset, double.PositiveInfinity), "*vox_offset*"),
        ["voxels between bytes"] = (fields => fields.Set(NiftiField.VoxOffset, 352.5), "*at byte 352.5 (vox_offset)*"),
        ["voxels beyond the file"] = (fields => fields.Set(NiftiField.VoxOffset, 1e12), "*the file ends before the voxels do*"),
        ["no sform numbers"] = (fields => fields.Set(NiftiField.SRow, double.NaN, 7), "*sform*not finite or not invertible*"),
        ["flat sform"] = (fields => fields.Set(NiftiField.SRow, 0.0, 5), "*sform*not finite or not invertible*"),
        ["long quaternion"] = (fields => UseQform(fields, 1, 1, 0), "*quaternion (1, 1, 0)*"),
        ["no quaternion"] = (fields => UseQform(fields, double.NaN, 0, 0), "*quaternion (NaN*"),
        ["no voxel size"] = (fields => UseQform(fields, 0, 0, 0, voxelSize: 0), "*qform*not finite or not invertible*"),
        ["infinite voxel size"] = (fields => UseVoxelSize(fields, double.PositiveInfinity), "*pixdim*not finite or not invertible*"),
        ["no intercept"] = (fields => SetScaling(fields, 2, double.NaN), "*intercept (scl_inter) is NaN*"),
        ["analyze"] = (fields => fields.Bytes.AsSpan(344).Clear(), "*Analyze 7.5*"),
        ["pair in one file"] = (fields => fields.SetMagic(pair: true), "*hostile.nii.img, are not in the same folder*"),
    };

    public static TheoryData<string> Faults() => [.. AllFaults.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_faulty_header_is_refused_with_the_file_and_the_fault(string fault)
    {
        NiftiFields fields = NiftiFile.Fields([4, 5, 6], NiftiDataType.Int16);
        (Action<NiftiFields> change, string message) = AllFaults[fault];
        change(fields);
        using TemporaryFolder folder = new();
        byte[] bytes = NiftiFile.Join(fields, new byte[4 * 5 * 6 * 2]);

        Refused(folder, "hostile.nii", bytes, message);
        Refused(folder, "hostile.nii", NiftiFile.Compress(bytes), message);
    }

    [Fact]
    public void Sizes_of_64_bits_do_not_overflow()
    {
        using TemporaryFolder folder = new();
        foreach (long size in new[] { long.MaxValue, 1L << 62, 1L << 32, -1L })
        {
            NiftiFields fields = NiftiFile.Fields([2, 2, 2, 2, 2, 2, 2], NiftiDataType.Float64, version: 2);
            for (int axis = 1; axis <= 7; axis++)
            {
                fields.Set(NiftiField.Dim, size, axis);
                Refused(folder, "large.nii", NiftiFile.Join(fields, new byte[64]));
            }
        }
    }

    [Theory]
    [InlineData(0, "*extension 1 claims 0 bytes*")]
    [InlineData(7, "*extension 1 claims 7 bytes*")]
    [InlineData(-16, "*extension 1 claims -16 bytes*")]
    [InlineData(48, "*extension 1 claims 48 bytes*")]
    [InlineData(int.MaxValue, "*extension 1 claims 2147483647 bytes*")]
    [InlineData(int.MinValue, "*extension 1 claims -2147483648 bytes*")]
    public void An_extension_that_would_loop_or_leave_its_place_is_refused(int size, string message)
    {
        NiftiFields fields = NiftiFile.Fields([2, 2, 2], NiftiDataType.UInt8);
        fields.Set(NiftiField.VoxOffset, 384L);
        using TemporaryFolder folder = new();

        Refused(folder, "extension.nii", [.. fields.Bytes, 1, 0, 0, 0, .. BitConverter.GetBytes(size), 6, 0, 0, 0, .. new byte[24 + 8]], message);
    }

    [Fact]
    public void A_small_compressed_file_that_claims_gigabytes_is_refused_before_they_are_allocated()
    {
        using TemporaryFolder folder = new();
        NiftiFields large = NiftiFile.Fields([1000, 1000, 1000], NiftiDataType.UInt8);
        Refused(folder, "bomb.nii.gz", NiftiFile.Compress(NiftiFile.Join(large, new byte[4 << 20])), "*the file ends before the voxels do*");

        // The trailer of a gzip file, which says how long the content is, may lie as well.
        NiftiFields medium = NiftiFile.Fields([100, 100, 700], NiftiDataType.UInt8);
        byte[] lying = NiftiFile.Compress(NiftiFile.Join(medium, new byte[1 << 18]));
        BitConverter.GetBytes(352 + (100 * 100 * 700)).CopyTo(lying, lying.Length - 4);
        Refused(folder, "lying.nii.gz", lying, "*the file ends before the voxels do*");
    }

    [Fact]
    public void Compressed_data_in_several_members_are_read()
    {
        using TemporaryFolder folder = new();
        string file = folder["members.nii.gz"];
        File.WriteAllBytes(file, [.. NiftiFile.Compress(Sound[..500]), .. NiftiFile.Compress(Sound[500..])]);

        NiftiImage.Load(file).RawVoxels.SequenceEqual(Sound.AsSpan(^(4 * 5 * 6 * 2)..)).Should().BeTrue();
    }

    [Fact]
    public void Only_what_the_header_asks_for_is_uncompressed()
    {
        using TemporaryFolder folder = new();
        byte[] bomb = NiftiFile.Compress(NiftiFile.Join(NiftiFile.Fields([4, 4, 4], NiftiDataType.UInt8), new byte[256 << 20]));
        string file = folder["trailing.nii.gz"];
        File.WriteAllBytes(file, bomb);

        LoadsOrIsRefused(file).Should().BeTrue();
    }

    [Fact]
    public void Extensions_of_a_pair_end_at_a_limit_however_much_the_file_uncompresses_to()
    {
        using TemporaryFolder folder = new();
        NiftiFields fields = NiftiFile.Fields([4, 4, 4], NiftiDataType.UInt8);
        fields.SetMagic(pair: true);
        string file = folder["bomb.hdr.gz"];
        using (GZipStream gzip = new(File.Create(file), CompressionLevel.Fastest))
        {
            gzip.Write([.. fields.Bytes, 1, 0, 0, 0]);
            for (int mebibyte = 0; mebibyte < 300; mebibyte++)
                gzip.Write(new byte[1 << 20]);
        }

        FluentActions.Invoking(() => NiftiImage.LoadHeader(file)).Should().Throw<NiftiException>()
            .WithMessage("*the extensions are larger than 268,435,456 bytes*");
    }

    [Fact]
    public void A_missing_file_a_folder_and_a_lonely_half_of_a_pair_are_named()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["folder.nii"]);
        File.WriteAllBytes(folder["half.img"], [1, 2, 3]);

        FluentActions.Invoking(() => NiftiImage.Load(folder["none.nii"])).Should().Throw<FileNotFoundException>().WithMessage("*none.nii*");
        FluentActions.Invoking(() => NiftiImage.Load(folder["folder.nii"])).Should().Throw<NiftiException>().WithMessage("*folder.nii: this is a folder*");
        FluentActions.Invoking(() => NiftiImage.Load(folder["half.img"])).Should().Throw<NiftiException>()
            .WithMessage("*half.img: *half.hdr, is not in the same folder*");
    }

    private static byte[] SoundFile()
    {
        NiftiFields fields = NiftiFile.Fields([4, 5, 6], NiftiDataType.Int16);
        fields.Set(NiftiField.VoxOffset, 400L);
        fields.Set(NiftiField.SclSlope, 1.0);
        byte[] extension = [.. BitConverter.GetBytes(48), 6, 0, 0, 0, .. new byte[40]];
        return [.. fields.Bytes, 1, 0, 0, 0, .. extension, .. Enumerable.Range(0, 4 * 5 * 6 * 2).Select(index => (byte)(index * 31))];
    }

    private static void SetSizes(NiftiFields fields, params long[] sizes)
    {
        fields.Set(NiftiField.Dim, (long)sizes.Length);
        for (int axis = 0; axis < sizes.Length; axis++)
            fields.Set(NiftiField.Dim, sizes[axis], axis + 1);
    }

    private static void SetScaling(NiftiFields fields, double slope, double intercept)
    {
        fields.Set(NiftiField.SclSlope, slope);
        fields.Set(NiftiField.SclInter, intercept);
    }

    private static void UseQform(NiftiFields fields, double b, double c, double d, double voxelSize = 1)
    {
        UseVoxelSize(fields, voxelSize);
        fields.Set(NiftiField.QformCode, 1L);
        fields.Set(NiftiField.Quatern, b, 0);
        fields.Set(NiftiField.Quatern, c, 1);
        fields.Set(NiftiField.Quatern, d, 2);
    }

    private static void UseVoxelSize(NiftiFields fields, double x)
    {
        fields.Set(NiftiField.SformCode, 0L);
        fields.Set(NiftiField.PixDim, x, 1);
    }

    private static void Refused(TemporaryFolder folder, string name, byte[] bytes, string message = "*")
    {
        string file = folder[name];
        File.WriteAllBytes(file, bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        FluentActions.Invoking(() => NiftiImage.Load(file)).Should().Throw<NiftiException>().WithMessage($"*{name}{message}");
        FluentActions.Invoking(() => NiftiImage.Load(new MemoryStream(bytes), name)).Should().Throw<NiftiException>();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(MostMemory);
    }

    private static bool LoadsOrIsRefused(string file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool loads = true;
        try
        {
            using Stream stream = File.OpenRead(file);
            NiftiImage image = NiftiImage.Load(stream, file);
            NiftiImage.Load(file).RawVoxels.SequenceEqual(image.RawVoxels).Should().BeTrue("a stream is read as the file is");
            image.ToVolume(image.FrameCount - 1);
            _ = image.Grid.Orientation;
        }
        catch (NiftiException exception)
        {
            loads = false;
            exception.Message.Should().StartWith(file);
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(MostMemory);
        return loads;
    }
}
