using FluentAssertions;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_made_and_then_replaced()
    {
        AtomicFile.Write(_folder["file"], stream => stream.Write("a longer text"u8));
        AtomicFile.Write(_folder["file"], stream => stream.Write("new"u8));
        File.ReadAllText(_folder["file"]).Should().Be("new");
        _folder.Entries.Should().Equal("file");
    }

    [Fact]
    public void While_it_is_written_the_former_file_is_whole()
    {
        File.WriteAllText(_folder["file"], "former");
        AtomicFile.Write(_folder["file"], stream =>
        {
            stream.Write("half"u8);
            stream.Flush();
            File.ReadAllText(_folder["file"]).Should().Be("former");
        });
    }

    [Fact]
    public void A_failure_leaves_the_former_file_and_nothing_else()
    {
        File.WriteAllText(_folder["file"], "former");
        FluentActions.Invoking(() => AtomicFile.Write(_folder["file"], stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException("no more");
        })).Should().Throw<InvalidOperationException>().WithMessage("no more");
        File.ReadAllText(_folder["file"]).Should().Be("former");
        _folder.Entries.Should().Equal("file");
    }
}
