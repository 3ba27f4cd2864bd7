using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class NiftiWritingTests
{
    private static readonly VolumeGrid Grid = new(new VolumeSize(3, 4, 5), new Affine(-1, 0, 0, 7, 0, -2, 0, 239, 0, 0, 3, -9));

    [Theory]
    [InlineData(0, 255, NiftiDataType.UInt8)]
    [InlineData(-1, 4, NiftiDataType.Int16)]
    [InlineData(0, 256, NiftiDataType.Int16)]
    [InlineData(0, 32768, NiftiDataType.Int32)]
    [InlineData(int.MinValue, int.MaxValue, NiftiDataType.Int32)]
    public void Labels_are_stored_in_the_smallest_type_that_holds_them(int least, int greatest, NiftiDataType type)
    {
        using TemporaryFolder folder = new();
        Volume<int> labels = Labels(least, greatest);

        NiftiImage.FromLabels(labels).Save(folder["labels.nii.gz"]);
        NiftiImage read = NiftiImage.Load(folder["labels.nii.gz"]);

        read.Header.DataType.Should().Be(type);
        read.ToLabels().Voxels.Should().Equal(labels.Voxels);
        read.Grid.Should().Be(Grid);
    }

    [Fact]
    public void Volumes_become_the_frames_of_a_4_D_image()
    {
        using TemporaryFolder folder = new();
        Volume<float>[] volumes = [Ramp(0.5f), Ramp(-3), Ramp(1e30f)];

        NiftiImage.FromVolumes(volumes).Save(folder["four.nii"]);
        NiftiImage read = NiftiImage.Load(folder["four.nii"]);

        read.FrameCount.Should().Be(3);
        read.Header.Dimensions.Should().Equal(4, 3, 4, 5, 3, 1, 1, 1);
        for (int frame = 0; frame < 3; frame++)
            read.ToVolume(frame).Voxels.Should().Equal(volumes[frame].Voxels);
        read.Invoking(image => image.ToVolume(3)).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*3 frame(s)*");
        read.Invoking(image => image.ToLabels(-1)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Volumes_on_different_grids_do_not_go_into_one_image()
    {
        Volume<float> other = new(new VolumeGrid(new(3, 4, 5), Affine.Identity), new float[60]);

        FluentActions.Invoking(() => NiftiImage.FromVolumes([Ramp(1), other])).Should().Throw<ArgumentException>().WithMessage("Frame 1*");
    }

    public static TheoryData<string> FilesToWriteBack =>
    [
        .. NiftiConformanceTests.Data.Rows(
            [
                "shapes/scaled-frames.nii", "shapes/2x1x2x1x3.nii", "files/version-2-extension.nii", "files/version-2-big.nii.gz", "files/extensions-big.nii",
                "files/pair-big.hdr", "files/gap.nii", "scaling/both.nii", "geometry/sform-without-code.nii", "geometry/qfac-zero.nii", "geometry/meters.nii",
            ],
            [
                "nibabel/example4d.nii.gz", "nibabel/example_nifti2.nii.gz", "nibabel/functional.nii",
                "nifti_clib/Testing/Data/ATestReferenceImageForReadingAndWriting.nii.gz", "NIFTI-Reader-JS/with_extension.nii.gz", "nifti-rs/minimal.hdr",
            ]),
    ];

    public static TheoryData<string> FilesWithScaledFrames => [.. NiftiConformanceTests.Data.Rows(["shapes/scaled-frames.nii"], ["nibabel/functional.nii"])];

    [Theory]
    [MemberData(nameof(FilesToWriteBack))]
    public void Labels_written_back_keep_all_of_the_header_but_what_describes_the_stored_values(string path)
    {
        using TemporaryFolder folder = new();
        NiftiImage input = NiftiImage.Load(NiftiConformanceTests.Data.PathOf(path));
        Volume<int> labels = new(input.Grid, [.. Enumerable.Range(0, input.Grid.VoxelCount).Select(index => index % 5)]);

        input.WithVoxels(labels).Save(folder["labels.nii.gz"]);
        NiftiImage output = NiftiImage.Load(folder["labels.nii.gz"]);

        output.ToLabels().Voxels.Should().Equal(labels.Voxels);
        output.Grid.Should().Be(input.Grid);
        output.FrameCount.Should().Be(1);
        output.Header.Extensions.Select(extension => Convert.ToHexString(extension.Content.Span))
            .Should().Equal(input.Header.Extensions.Select(extension => Convert.ToHexString(extension.Content.Span)));
        (
            output.Header.DataType,
            output.Header.BitsPerVoxel,
            output.Header.Slope,
            output.Header.Intercept,
            output.Header.DisplayMinimum,
            output.Header.DisplayMaximum)
            .Should().Be((NiftiDataType.UInt8, 8, 1, 0, 0, 0));

        NiftiFields was = input.Header.CopyFields(), now = output.Header.CopyFields();
        foreach (NiftiFields fields in new[] { was, now })
        {
            fields.SetMagic(pair: false);
            foreach (NiftiField field in new[]
            {
                NiftiField.DataType, NiftiField.BitPix, NiftiField.VoxOffset, NiftiField.SclSlope, NiftiField.SclInter, NiftiField.CalMin, NiftiField.CalMax,
            })
            {
                fields.Set(field, 0L);
            }

            for (int axis = 0; axis < 8; axis++)
                fields.Set(NiftiField.Dim, 0L, axis);
        }
        now.Bytes.Should().Equal(was.Bytes);
    }

    [Theory]
    [MemberData(nameof(FilesWithScaledFrames))]
    public void A_volume_written_back_replaces_the_scaling_of_the_input(string path)
    {
        using TemporaryFolder folder = new();
        NiftiImage input = NiftiImage.Load(NiftiConformanceTests.Data.PathOf(path));
        Volume<float> volume = input.ToVolume(3);

        input.WithVoxels(volume).Save(folder["frame.hdr"]);

        NiftiImage.Load(folder["frame.img"]).ToVolume().Voxels.Should().Equal(volume.Voxels);
    }

    [Fact]
    public void Voxels_on_another_grid_are_not_written_back()
    {
        NiftiImage image = NiftiImage.FromVolume(Ramp(1));
        Volume<int> turned = Labels(0, 1).ReorientTo(Orientation.RAS);

        image.Invoking(it => it.WithVoxels(turned)).Should().Throw<ArgumentException>().WithMessage("*RAS*LPS*ReorientTo*");
        image.WithVoxels(turned.ReorientTo(image.Grid.Orientation)).ToLabels().Voxels.Should().Equal(Labels(0, 1).Voxels);
    }

    [Fact]
    public void The_name_decides_how_an_image_is_saved_and_nothing_else_is_left_in_the_folder()
    {
        NiftiImage image = NiftiImage.FromVolume(Ramp(1));
        Dictionary<string, string[]> expected = new()
        {
            ["a.nii"] = ["a.nii"],
            ["a.nii.gz"] = ["a.nii.gz"],
            ["a.hdr"] = ["a.hdr", "a.img"],
            ["a.img"] = ["a.hdr", "a.img"],
            ["a.img.gz"] = ["a.hdr.gz", "a.img.gz"],
        };
        foreach ((string name, string[] files) in expected)
        {
            using TemporaryFolder folder = new();
            image.Save(folder[name]);
            folder.Entries.Should().Equal(files);
            foreach (string file in files)
            {
                bool compressed = File.ReadAllBytes(folder[file]).AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);
                compressed.Should().Be(name.EndsWith(".gz", StringComparison.Ordinal));
                NiftiImage.Load(folder[file]).ToVolume().Voxels.Should().Equal(Ramp(1).Voxels);
            }
        }
        image.Invoking(it => it.Save("a.mgz")).Should().Throw<ArgumentException>().WithMessage("a.mgz*.nii.gz*");
    }

    [Fact]
    public void Compression_is_seen_in_the_content_whatever_the_name_says()
    {
        using TemporaryFolder folder = new();
        NiftiImage image = NiftiImage.FromVolume(Ramp(1));
        image.Save(folder["a.nii"]);
        image.Save(folder["b.nii.gz"]);
        File.Move(folder["a.nii"], folder["c.nii.gz"]);
        File.Move(folder["b.nii.gz"], folder["d.nii"]);

        NiftiImage.Load(folder["c.nii.gz"]).ToVolume().Voxels.Should().Equal(Ramp(1).Voxels);
        NiftiImage.Load(folder["d.nii"]).ToVolume().Voxels.Should().Equal(Ramp(1).Voxels);
    }

    [Fact]
    public void Equal_images_give_equal_bytes_and_replace_an_older_file()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["a.nii.gz"], "older");
        NiftiImage.FromVolume(Ramp(1)).Save(folder["a.nii.gz"]);
        NiftiImage.FromVolume(Ramp(1)).Save(folder["b.nii.gz"]);

        byte[] bytes = File.ReadAllBytes(folder["a.nii.gz"]);
        bytes.Should().Equal(File.ReadAllBytes(folder["b.nii.gz"]));
        bytes[4..8].Should().Equal([0, 0, 0, 0], "a time stamp would make every run differ");
    }

    [Fact]
    public void A_save_that_fails_leaves_the_folder_as_it_was()
    {
        using TemporaryFolder folder = new();
        // A folder of the name of the voxel file: the move at the end cannot succeed.
        Directory.CreateDirectory(folder["a.img"]);
        File.WriteAllText(folder["a.hdr"], "older");

        NiftiImage.FromVolume(Ramp(1)).Invoking(image => image.Save(folder["a.hdr"])).Should().Throw<Exception>();

        folder.Entries.Should().Equal("a.hdr", "a.img");
        File.ReadAllText(folder["a.hdr"]).Should().Be("older");
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_named() =>
        NiftiImage.FromVolume(Ramp(1)).Invoking(image => image.Save("no-such-folder/a.nii")).Should().Throw<DirectoryNotFoundException>()
            .WithMessage("*no-such-folder does not exist*");

    [Fact]
    public void A_size_beyond_16_bits_is_written_as_version_2()
    {
        using TemporaryFolder folder = new();
        VolumeGrid line = new(new VolumeSize(40000, 1, 1), Affine.Identity);

        NiftiImage.FromLabels(new Volume<int>(line, new int[40000])).Save(folder["line.nii"]);

        NiftiImage.LoadHeader(folder["line.nii"]).Version.Should().Be(2);
        NiftiImage.Load(folder["line.nii"]).Grid.Should().Be(line);
    }

    [Fact]
    public void A_voxel_that_is_no_label_is_named_with_its_file()
    {
        using TemporaryFolder folder = new();
        float[] values = new float[60];
        values[Grid.IndexOf(2, 1, 3)] = 1.5f;
        NiftiImage.FromVolume(new Volume<float>(Grid, values)).Save(folder["probabilities.nii"]);

        FluentActions.Invoking(() => NiftiImage.Load(folder["probabilities.nii"]).ToLabels())
            .Should().Throw<NiftiException>().WithMessage("*probabilities.nii: voxel (2, 1, 3) of frame 0 holds 1.5*");
    }

    private static Volume<float> Ramp(float step) => new(Grid, [.. Enumerable.Range(0, 60).Select(index => index * step)]);

    private static Volume<int> Labels(int least, int greatest) => new(Grid, [least, greatest, .. Enumerable.Range(0, 58).Select(index => index % 4)]);
}
