using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using FluentAssertions;
using KnowledgeDistillation.Storage;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Storage;

/// <summary>Archives that PyTorch would not write: what is made of them stays as small as they are.</summary>
public sealed class PickledStateDictTests : IDisposable
{
    private const long Huge = 1L << 62;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Two_pickles_in_one_archive_are_refused()
    {
        string path = Archive([("a/data.pkl", Dictionary()), ("b/data.pkl", Dictionary())]);

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*exactly one data.pkl*");
    }

    [Theory]
    [InlineData(Huge, Huge, 16L)]
    [InlineData(0L, Huge, Huge)]
    [InlineData(Huge, Huge, 0L)]
    [InlineData(long.MaxValue, 2L, 1L)]
    [InlineData(long.MaxValue, 1L, 1L)]
    [InlineData(-1L, 1L, 1L)]
    [InlineData(3L, 3L, 1L)]
    public void A_shape_beyond_the_values_is_refused(long first, long second, long third)
    {
        string path = Pickled(Dictionary(("weight", TensorOf("0", [first, second, third], [0, 0, 0]))));

        Reading(path).Should().Throw<CheckpointException>();
    }

    [Fact]
    public void More_dimensions_than_any_tensor_has_are_refused()
    {
        string path = Pickled(Dictionary(("weight", TensorOf("0", [.. Enumerable.Repeat(1L, 65)], new long[65]))));

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*65 dimensions*");
    }

    [Fact]
    public void Names_of_the_same_values_share_them()
    {
        using var scope = NewDisposeScope();
        byte[] tensor = TensorOf("0", [2, 2], [2, 1]);

        IReadOnlyDictionary<string, Tensor> read = ForeignWeights.Read(
            Pickled(Dictionary(("one", tensor), ("other", tensor), ("last", TensorOf("0", [1], [1], 3)))));

        read["one"].fill_(7);
        read["other"].sum().item<float>().Should().Be(28);
        read["last"].item<float>().Should().Be(7);
    }

    [Fact]
    public void Values_of_two_types_are_refused()
    {
        string path = Pickled(Dictionary(("one", TensorOf("0", [1], [1])), ("other", TensorOf("0", [1], [1], type: "HalfStorage"))));

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*data/0 is both F32 and F16*");
    }

    [Fact]
    public void A_failure_leaves_no_tensor_behind()
    {
        string path = Pickled(Dictionary(("sound", TensorOf("0", [4], [1])), ("empty", TensorOf("0", [0], [1])), ("absent", TensorOf("1", [4], [1]))));
        using var scope = NewDisposeScope();

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*data/1 is missing*");

        scope.DisposablesCount.Should().Be(0);
    }

    [Fact]
    public void A_shape_that_is_named_again_and_again_is_refused()
    {
        byte[] shape = [(byte)'(', .. Enumerable.Range(0, 1000).SelectMany(_ => (byte[])[(byte)'K', 0]), (byte)'t', (byte)'q', 9];
        byte[] tensor = Rebuilt("0", "FloatStorage", 0, [(byte)'h', 9], [(byte)'h', 9]);
        string path = Pickled([0x80, 2, (byte)'}', (byte)'(', .. Text("shape"), .. shape, .. Enumerable.Range(0, 20)
            .SelectMany(number => (byte[])[.. Text($"weight {number}"), .. tensor]), (byte)'u', (byte)'.']);

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*repeats itself*");
    }

    [Fact]
    public void A_list_that_becomes_a_dictionary_again_and_again_is_refused()
    {
        byte[] list = [(byte)']', (byte)'q', 9, (byte)'(', .. Enumerable.Repeat((byte)'N', 1000), (byte)'e'];
        byte[] dictionary = [.. "ccollections\nOrderedDict\n"u8, (byte)'h', 9, 0x85, (byte)'R'];
        string path = Pickled([0x80, 2, (byte)'}', (byte)'(', .. Text("list"), .. list, .. Enumerable.Range(0, 100)
            .SelectMany(number => (byte[])[.. Text($"{number}"), .. dictionary]), (byte)'u', (byte)'.']);

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*repeats itself*");
    }

    [Fact]
    public void Long_and_many_keys_are_not_all_said()
    {
        string path = Pickled(Dictionary([.. Enumerable.Range(0, 100).Select(number => (new string('k', 10_000) + number, new[] { (byte)'N' }))]));

        Reading(path).Should().Throw<CheckpointException>().Which.Message.Should().Contain("and 90 more").And.Subject.Length.Should().BeLessThan(2000);
    }

    [Fact]
    public void Entries_that_lie_on_the_same_bytes_are_refused()
    {
        string path = Archive(
        [
            ("archive/data.pkl", Dictionary(("one", TensorOf("0", [1000], [1])), ("other", TensorOf("1", [1000], [1])))),
            ("archive/data/0", new byte[4000]),
            ("archive/data/1", []),
        ]);
        byte[] bytes = File.ReadAllBytes(path);
        int[] headers = [.. Enumerable.Range(0, bytes.Length - 4).Where(place => bytes.AsSpan(place, 4).SequenceEqual("PK\u0001\u0002"u8))];
        // The check sum, both lengths and the place of the local header.
        foreach (Range part in new[] { 8..28, 42..46 })
            bytes.AsSpan(headers[1]..)[part].CopyTo(bytes.AsSpan(headers[2]..)[part]);
        File.WriteAllBytes(path, bytes);

        Reading(path).Should().Throw<CheckpointException>().WithMessage("*together longer than the file*");
    }

    public void Dispose() => _folder.Dispose();

    private static Action Reading(string path) => () => ForeignWeights.Read(path);

    private static byte[] Dictionary(params (string Name, byte[] Value)[] items) =>
        [0x80, 2, (byte)'}', (byte)'(', .. items.SelectMany(item => (byte[])[.. Text(item.Name), .. item.Value]), (byte)'u', (byte)'.'];

    private static byte[] TensorOf(string key, long[] shape, long[] strides, int offset = 0, string type = "FloatStorage") =>
        Rebuilt(key, type, offset, Tuple(shape), Tuple(strides));

    private static byte[] Rebuilt(string key, string type, int offset, byte[] shape, byte[] strides) =>
    [
        .. "ctorch._utils\n_rebuild_tensor_v2\n(("u8, .. Text("storage"), .. Encoding.ASCII.GetBytes($"ctorch\n{type}\n"), .. Text(key), .. Text("cpu"),
        (byte)'K', 4, (byte)'t', (byte)'Q', (byte)'K', (byte)offset, .. shape, .. strides, 0x89, .. "ccollections\nOrderedDict\n)RtR"u8,
    ];

    private static byte[] Tuple(long[] numbers) => [(byte)'(', .. numbers.SelectMany(Integer), (byte)'t'];

    private static byte[] Integer(long number)
    {
        byte[] bytes = new byte[10];
        (bytes[0], bytes[1]) = (0x8a, 8);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), number);
        return bytes;
    }

    private static byte[] Text(string text)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [(byte)'X', .. length, .. Encoding.ASCII.GetBytes(text)];
    }

    // With four numbers as values.
    private string Pickled(byte[] pickle) => Archive([("archive/data.pkl", pickle), ("archive/data/0", new byte[16])]);

    private string Archive((string Name, byte[] Content)[] entries)
    {
        string path = _folder["weights.pth"];
        using FileStream stream = File.Create(path);
        using ZipArchive archive = new(stream, ZipArchiveMode.Create);
        foreach ((string name, byte[] content) in entries)
        {
            using Stream target = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            target.Write(content);
        }

        return path;
    }
}
