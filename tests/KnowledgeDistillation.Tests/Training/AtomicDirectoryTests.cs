using FluentAssertions;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class AtomicDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder["last"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_is_made_and_then_replaced_as_a_whole()
    {
        AtomicDirectory.Resolve(Target).Should().BeNull();
        Write(Target, "first", extraFile: true);
        ReadResolved().Should().Be("first");
        Write(Target + Path.DirectorySeparatorChar, "second");
        ReadResolved().Should().Be("second");
        Directory.GetFileSystemEntries(Target).Should().ContainSingle("no file of the former folder may survive");
        _folder.Entries.Should().Equal("last");
    }

    [Fact]
    public void A_failure_while_filling_leaves_the_former_folder_and_nothing_else()
    {
        Write(Target, "former");
        FluentActions.Invoking(() => AtomicDirectory.Write(Target, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "content"), "half");
            ReadResolved().Should().Be("former");
            throw new InvalidOperationException("no more");
        })).Should().Throw<InvalidOperationException>().WithMessage("no more");
        ReadResolved().Should().Be("former");
        _folder.Entries.Should().Equal("last");
    }

    // What a crash leaves behind at each point of a replacement of "former" by "new".
    [Theory]
    [InlineData("last=former", "last.tmp-1=half", "former")] // while the new folder is filled
    [InlineData("last.old=former", "last.tmp-1=new", "former")] // between the two renamings
    [InlineData("last.old=former", "last=new", "new")] // before the former folder is deleted
    [InlineData("last.old=", "last=new", "new")] // while the former folder is deleted
    public void After_a_crash_a_whole_folder_is_found_and_the_next_writer_puts_things_right(string one, string other, string expected)
    {
        foreach (string state in new[] { one, other })
        {
            string[] parts = state.Split('=');
            Directory.CreateDirectory(_folder[parts[0]]);
            if (parts[1].Length > 0)
                File.WriteAllText(Path.Combine(_folder[parts[0]], "content"), parts[1]);
        }
        ReadResolved().Should().Be(expected);

        // A writer that fails must not take away the one whole folder, wherever it is.
        FluentActions.Invoking(() => AtomicDirectory.Write(Target, _ => throw new InvalidOperationException())).Should().Throw<InvalidOperationException>();
        ReadResolved().Should().Be(expected);

        Write(Target, "next");
        ReadResolved().Should().Be("next");
        _folder.Entries.Should().Equal("last");
    }

    [Fact]
    public void A_failure_of_the_last_step_leaves_the_one_whole_folder_that_there_is()
    {
        // The last writer stopped between its renamings, and now something else takes the name while this one fills its folder.
        Write(Target, "former");
        Directory.Move(Target, _folder["last.old"]);
        FluentActions.Invoking(() => AtomicDirectory.Write(Target, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "content"), "new");
            File.WriteAllText(Target, "in the way");
        })).Should().Throw<IOException>();
        ReadResolved().Should().Be("former");
        _folder.Entries.Should().Equal("last", "last.old");
    }

    [Fact]
    public void Folders_of_similar_names_are_left_alone()
    {
        Directory.CreateDirectory(_folder["last.tmp"]);
        Directory.CreateDirectory(_folder["lastly.tmp-1"]);
        Write(Target, "first");
        _folder.Entries.Should().Equal("last", "last.tmp", "lastly.tmp-1");
    }

    [Fact]
    public void A_file_in_the_way_is_not_replaced()
    {
        File.WriteAllText(Target, "a file");
        FluentActions.Invoking(() => Write(Target, "first")).Should().Throw<IOException>();
        File.ReadAllText(Target).Should().Be("a file");
        _folder.Entries.Should().Equal("last");
    }

    private static void Write(string path, string content, bool extraFile = false) => AtomicDirectory.Write(path, folder =>
    {
        File.WriteAllText(Path.Combine(folder, "content"), content);
        if (extraFile)
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "inner")).FullName, "extra"), content);
    });

    private string ReadResolved() => File.ReadAllText(Path.Combine(AtomicDirectory.Resolve(Target)!, "content"));
}
