using System.Diagnostics;
using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class NiftiStreamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static NiftiImage Image { get; } = NiftiImage.FromVolume(new Volume<float>(
        new VolumeGrid(new VolumeSize(3, 4, 5), Affine.Scaling(1, 2, 3)), [.. Enumerable.Range(0, 60).Select(voxel => voxel / 7f)]));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, "image.nii.gz")]
    [InlineData(false, "image.nii")]
    public void A_stream_holds_the_bytes_of_a_file_and_gives_the_image_back(bool compressed, string name)
    {
        Image.Save(_folder[name]);
        using var written = new MemoryStream();
        Image.Save(written, compressed);
        written.ToArray().Should().Equal(File.ReadAllBytes(_folder[name]));

        foreach (Stream stream in new[] { new MemoryStream(written.ToArray()), new Unseekable(written.ToArray()), (Stream)File.OpenRead(_folder[name]) })
        {
            using (stream)
            {
                NiftiImage read = NiftiImage.Load(stream);
                read.ToVolume().Voxels.Should().Equal(Image.ToVolume().Voxels);
                read.Grid.Should().Be(Image.Grid);
                stream.CanRead.Should().BeTrue("the stream belongs to the caller");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_lies_before_the_position_of_a_stream_does_not_count(bool compressed)
    {
        using var stream = new MemoryStream();
        stream.Write("a part of the request before it"u8);
        long start = stream.Position;
        Image.Save(stream, compressed);
        stream.Position = start;
        NiftiImage.Load(stream).ToVolume().Voxels.Should().Equal(Image.ToVolume().Voxels);
    }

    [Fact]
    public void Compressed_data_of_several_members_are_read_from_a_stream_too()
    {
        using var plain = new MemoryStream();
        Image.Save(plain, compressed: false);
        byte[] all = plain.ToArray();
        byte[] members = [.. NiftiFile.Compress(all[..400]), .. NiftiFile.Compress(all[400..])];
        NiftiImage.Load(new MemoryStream(members)).ToVolume().Voxels.Should().Equal(Image.ToVolume().Voxels);
    }

    [Fact]
    public void A_stream_is_called_by_the_name_that_it_is_given()
    {
        NiftiFields fields = NiftiFile.Fields([4, 5, 6], NiftiDataType.Int16);
        fields.SetMagic(pair: true);
        FluentActions.Invoking(() => NiftiImage.Load(new MemoryStream(NiftiFile.Join(fields)), "upload.hdr")).Should().Throw<NiftiException>()
            .WithMessage("upload.hdr: this is the header of a pair of files*");
        FluentActions.Invoking(() => NiftiImage.Load(new Unseekable([]))).Should().Throw<NiftiException>().WithMessage("the stream: the file holds 0 bytes*");
    }

    [Fact]
    public void A_pipe_is_refused_with_the_way_out()
    {
        if (OperatingSystem.IsWindows())
            return;
        string pipe = _folder["pipe.nii"];
        Process.Start("mkfifo", [pipe]).WaitForExit();
        // Opening a pipe waits for the other side.
        using var writer = Process.Start("sh", ["-c", $"echo something > '{pipe}'"]);
        FluentActions.Invoking(() => NiftiImage.Load(pipe)).Should().Throw<NiftiException>().WithMessage("*pipe.nii: this is a pipe*write what comes out*");
        writer.WaitForExit();
    }

    private sealed class Unseekable(byte[] content) : Stream
    {
        private readonly MemoryStream _content = new(content);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        // As a network does, a few bytes at a time.
        public override int Read(byte[] buffer, int offset, int count) => _content.Read(buffer, offset, Math.Min(count, 7));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
