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

    [Fact]
    public void A_missing_folder_is_made()
    {
        AtomicFile.WriteText(_folder["new/folder/file"], "text");
        File.ReadAllBytes(_folder["new/folder/file"]).Should().Equal("text"u8.ToArray());
    }

    [Fact]
    public void Only_one_of_many_callers_creates_a_file()
    {
        for (int round = 0; round < 50; round++)
        {
            File.Delete(_folder["file"]);
            int created = 0;
            using var together = new Barrier(8);
            Thread[] callers =
            [
                .. Enumerable.Range(0, 8).Select(i => new Thread(() =>
                {
                    together.SignalAndWait();
                    Interlocked.Add(ref created, AtomicFile.TryCreate(_folder["file"], $"{i}") ? 1 : 0);
                })),
            ];
            Array.ForEach(callers, caller => caller.Start());
            Array.ForEach(callers, caller => caller.Join());
            created.Should().Be(1);
        }

        string first = File.ReadAllText(_folder["file"]);
        AtomicFile.TryCreate(_folder["file"], "late").Should().BeFalse();
        File.ReadAllText(_folder["file"]).Should().Be(first);
        _folder.Entries.Should().Equal("file");
    }

    [Fact]
    public void Files_that_belong_together_keep_their_former_content_until_all_are_complete()
    {
        AtomicFile.WriteTogether([(_folder["a"], stream => stream.Write("a1"u8)), (_folder["b"], stream => stream.Write("b1"u8))]);
        FluentActions.Invoking(() => AtomicFile.WriteTogether(
            [(_folder["a"], stream => stream.Write("a2"u8)), (_folder["b"], _ => throw new InvalidOperationException("no more"))]))
            .Should().Throw<InvalidOperationException>().WithMessage("no more");
        _folder.Entries.Should().Equal("a", "b");
        File.ReadAllText(_folder["a"]).Should().Be("a1");
        File.ReadAllText(_folder["b"]).Should().Be("b1");
    }

    [Fact]
    public void What_killed_writers_of_the_same_name_left_is_removed_and_what_may_be_a_living_ones_is_not()
    {
        string mark = $".tmp-{Guid.Empty:N}", young = $".tmp-{Guid.NewGuid():N}";
        foreach (string name in new[] { "file" + mark, "file" + young, "other" + mark, "file.tmp-note" })
        {
            File.WriteAllText(_folder[name], "half");
            if (name != "file" + young)
                File.SetLastWriteTimeUtc(_folder[name], DateTime.UtcNow.AddDays(-1));
        }

        AtomicFile.IsUnfinished(_folder["file" + mark]).Should().BeTrue();
        AtomicFile.IsUnfinished(_folder["file.tmp-note"]).Should().BeFalse();
        AtomicFile.WriteText(_folder["file"], "whole");
        _folder.Entries.Should().BeEquivalentTo("file", "file" + young, "other" + mark, "file.tmp-note");
    }
}
