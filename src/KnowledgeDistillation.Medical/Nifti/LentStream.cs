namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Another's stream, which stays open when this one is disposed.</summary>
internal sealed class LentStream(Stream owner) : Stream
{
    public override bool CanRead => owner.CanRead;

    public override bool CanSeek => owner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => owner.Length;

    public override long Position
    {
        get => owner.Position;
        set => owner.Position = value;
    }

    public override int Read(Span<byte> buffer) => owner.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => owner.Read(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => owner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
