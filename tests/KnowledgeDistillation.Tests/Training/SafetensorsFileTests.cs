using System.Buffers.Binary;
using System.Text;
using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Storage;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class SafetensorsFileTests : IDisposable
{
    private static readonly Encoding Utf8 = Encoding.UTF8;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope;

    public SafetensorsFileTests()
    {
        _scope = NewDisposeScope();
    }

    private string File => _folder["weights.safetensors"];

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_has_exactly_the_bytes_that_the_format_asks_for()
    {
        // Elements of 4 bytes before those of 1, whatever the names; the header is padded with spaces to a multiple of 8.
        SafetensorsFile.Write(
            File,
            new Dictionary<string, Tensor> { ["a"] = tensor(new byte[] { 7, 8, 9 }), ["b"] = tensor(new float[,] { { 1, -2 } }) },
            new Dictionary<string, string> { ["z"] = "é\"", ["k"] = "v" });
        const string Header =
            """{"__metadata__":{"k":"v","z":"é\""},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"a":"""
                + """{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";
        byte[] header = Utf8.GetBytes(Header);
        byte[] padded = [.. header, .. Enumerable.Repeat((byte)' ', (8 - (header.Length % 8)) % 8)];
        byte[] expected = [(byte)padded.Length, 0, 0, 0, 0, 0, 0, 0, .. padded, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7, 8, 9];
        System.IO.File.ReadAllBytes(File).Should().Equal(expected);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Every_type_and_shape_comes_back_bit_by_bit(ScalarType type)
    {
        long[][] shapes = [[], [0], [3, 0, 2], [1], [5], [2, 3, 4], [1, 1, 2, 1, 3]];
        var tensors = new Dictionary<string, Tensor>();
        for (int i = 0; i < shapes.Length; i++)
            tensors[$"level{i}.weight"] = (rand(shapes[i]) * 100 - 20).to(type);
        SafetensorsFile.Write(File, tensors);

        using var read = SafetensorsFile.Read(File);
        read.Tensors.Keys.Should().BeEquivalentTo(tensors.Keys);
        foreach ((string name, Tensor expected) in tensors)
        {
            Tensor actual = read.Tensors[name];
            actual.dtype.Should().Be(type);
            actual.shape.Should().Equal(expected.shape);
            actual.bytes.ToArray().Should().Equal(expected.bytes.ToArray());
            actual.requires_grad.Should().BeFalse();
        }
    }

    [Fact]
    public void Special_values_keep_their_bits()
    {
        float[] values = [float.NaN, BitConverter.Int32BitsToSingle(unchecked((int)0xffc12345)), float.NegativeInfinity, -0f, float.Epsilon];
        SafetensorsFile.Write(File, new Dictionary<string, Tensor> { ["x"] = tensor(values) });
        using var read = SafetensorsFile.Read(File);
        read.Tensors["x"].data<float>().ToArray().Select(BitConverter.SingleToInt32Bits).Should().Equal(values.Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void A_tensor_is_written_as_it_looks_not_as_it_lies_in_memory()
    {
        Tensor block = arange(24, dtype: ScalarType.Int32).reshape(2, 3, 4);
        SafetensorsFile.Write(File, new Dictionary<string, Tensor>
        {
            ["transposed"] = block.transpose(0, 2),
            ["sliced"] = block[.., 1.., 2],
            ["expanded"] = tensor(5).expand(2, 2),
            ["parameter"] = nn.Parameter(ones(2)),
        });
        using var read = SafetensorsFile.Read(File);
        read.Tensors["transposed"].data<int>().ToArray().Should().Equal(0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23);
        read.Tensors["sliced"].data<int>().ToArray().Should().Equal(6, 10, 18, 22);
        read.Tensors["expanded"].data<int>().ToArray().Should().Equal(5, 5, 5, 5);
        read.Tensors["parameter"].data<float>().ToArray().Should().Equal(1, 1);
    }

    [Fact]
    public void The_header_tells_names_types_shapes_and_metadata_without_the_values()
    {
        SafetensorsFile.Write(
            File,
            new Dictionary<string, Tensor> { ["scalar"] = tensor(1L), ["enc.0.weight"] = zeros(2, 3) },
            new Dictionary<string, string> { ["format"] = "pt", ["epoch"] = "12" });
        SafetensorsHeader header = SafetensorsFile.ReadHeader(File);
        header.Tensors.Select(entry => (entry.Name, entry.ElementType, string.Join('×', entry.Shape), entry.Offset, entry.ByteCount)).Should().Equal(
            ("scalar", ScalarType.Int64, "", 0L, 8L),
            ("enc.0.weight", ScalarType.Float32, "2×3", 8L, 24L));
        header.Metadata.Should().Equal(new Dictionary<string, string> { ["format"] = "pt", ["epoch"] = "12" });
    }

    [Fact]
    public void The_order_of_the_tensors_does_not_change_the_bytes()
    {
        Tensor a = ones(3), b = zeros(2);
        var metadata = new Dictionary<string, string> { ["m"] = "1", ["l"] = "2" };
        SafetensorsFile.Write(File, new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b }, metadata);
        byte[] first = System.IO.File.ReadAllBytes(File);
        SafetensorsFile.Write(File, new Dictionary<string, Tensor> { ["b"] = b, ["a"] = a }, metadata.Reverse().ToDictionary());
        System.IO.File.ReadAllBytes(File).Should().Equal(first);
    }

    [Fact]
    public void A_file_without_tensors_is_a_file()
    {
        SafetensorsFile.Write(File, new Dictionary<string, Tensor>());
        using var read = SafetensorsFile.Read(File);
        read.Tensors.Should().BeEmpty();
        read.Metadata.Should().BeEmpty();
    }

    [Fact]
    public void Writing_and_reading_leave_no_tensors_behind()
    {
        var tensors = new Dictionary<string, Tensor> { ["x"] = rand(4, 5).transpose(0, 1), ["y"] = rand(3) };
        LiveTensors.LeftBy(() =>
        {
            for (int i = 0; i < 3; i++)
            {
                SafetensorsFile.Write(File, tensors);
                SafetensorsFile.Read(File).Dispose();
            }
        }).Should().Be(0);
        SafetensorsFile? read = null;
        LiveTensors.LeftBy(() => read = SafetensorsFile.Read(File)).Should().Be(2);
        LiveTensors.LeftBy(read!.Dispose).Should().Be(-2);

        byte[] damaged = System.IO.File.ReadAllBytes(File);
        System.IO.File.WriteAllBytes(File, damaged[..^1]);
        LiveTensors.LeftBy(() => FluentActions.Invoking(() => SafetensorsFile.Read(File)).Should().Throw<CheckpointException>()).Should().Be(0);
    }

    [Fact]
    public void A_tensor_too_large_for_one_span_passes_through_in_pieces()
    {
        // Pieces of 16 bytes stand for those of a GiB; a piece is a view, so what is read into it arrives in the tensor.
        Tensor whole = arange(10, dtype: ScalarType.Float32).reshape(2, 5);
        Tensor[] pieces = [.. SafetensorsFile.Pieces(whole, elementSize: 4, pieceBytes: 16)];
        pieces.Select(piece => piece.NumberOfElements).Should().Equal(4, 4, 2);
        pieces.SelectMany(piece => piece.bytes.ToArray()).Should().Equal(whole.bytes.ToArray());
        pieces[2].bytes.Clear();
        whole.data<float>().ToArray().Should().Equal(0, 1, 2, 3, 4, 5, 6, 7, 0, 0);
    }

    [Fact]
    public void Tensors_belong_to_the_scope_of_the_caller()
    {
        SafetensorsFile.Write(File, new Dictionary<string, Tensor> { ["x"] = ones(1) });
        SafetensorsFile read;
        using (NewDisposeScope())
        {
            read = SafetensorsFile.Read(File);
            read.Tensors["x"].IsInvalid.Should().BeFalse();
        }
        read.Tensors["x"].IsInvalid.Should().BeTrue();
    }

    [Fact]
    public void A_tensor_that_the_format_cannot_hold_is_refused_and_the_former_file_stays()
    {
        System.IO.File.WriteAllText(File, "former");
        void Refused(string name, Tensor tensor, string message) => FluentActions
            .Invoking(() => SafetensorsFile.Write(File, new Dictionary<string, Tensor> { ["good"] = ones(1), [name] = tensor }))
            .Should().Throw<ArgumentException>().WithMessage(message);
        Refused("c", zeros(2, dtype: ScalarType.ComplexFloat32), "*'c'*ComplexFloat32*");
        Refused("__metadata__", ones(1), "*__metadata__*");
        Refused("nothing", null!, "*'nothing'*null*");
        Refused("s", ones(2, 2).to_sparse(), "*'s' is sparse*");
        System.IO.File.ReadAllText(File).Should().Be("former");
        _folder.Entries.Should().Equal("weights.safetensors");
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "*truncated*'x'*byte 8*only 7*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "*1 bytes at its end belong to no tensor*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "*'x'*rising*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8, "*'x'*whole numbers*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}""", 8, "*'x'*two*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", 8, "*'x'*whole numbers*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "*'x'*byte 4*gap*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, "*'y'*overlaps*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4, "*overlaps*")]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "*'x' occupies 8 bytes*[3]*12*")]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", 8, "*'x'*F8_E4M3*F64*BOOL*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "*'x'*more elements*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4611686018427387904,4611686018427387904,0],"data_offsets":[0,0]}}""", 0, "*'x'*more elements*")]
    [InlineData("""{"x":{"dtype":"I64","shape":[0,9223372036854775807],"data_offsets":[0,0]}}""", 0, "*'x'*more elements*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}""", 8, "*truncated*'x'*1099511627776*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}""", 0, "*'x'*-1*dimension 0*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}""", 1, "*'x'*1.5*")]
    [InlineData("""{"x":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1, "*'x'*dimension 0*")]
    [InlineData("""{"x":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "*'x' lacks*")]
    [InlineData("""{"x":7}""", 0, "*'x' lacks*")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "*duplicate*x*")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "*metadata 'a'*")]
    [InlineData("""{"__metadata__":[]}""", 0, "*metadata*object*")]
    [InlineData("""{"__metadata__":{"a":"\ud800"}}""", 0, "*not valid JSON*")]
    [InlineData("""{"x":""", 0, "*not valid JSON*")]
    [InlineData("""[]""", 0, "*no JSON object*")]
    [InlineData("", 0, "*no JSON object*")]
    public void A_faulty_header_is_refused_with_the_file_and_the_reason(string header, int dataBytes, string message)
    {
        WriteRaw((ulong)Utf8.GetByteCount(header), [.. Utf8.GetBytes(header), .. new byte[dataBytes]]);
        ShouldBeRefused(message);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "*claims 18446744073709551615*")]
    [InlineData(100_000_001UL, "*claims 100000001*")]
    [InlineData(99_999_999UL, "*truncated*99999999*only 3*")]
    public void An_absurd_length_of_the_header_is_refused(ulong length, string message)
    {
        WriteRaw(length, "{  "u8.ToArray());
        ShouldBeRefused(message);
    }

    [Fact]
    public void A_shape_with_too_many_dimensions_is_refused()
    {
        string header = $$$"""{"x":{"dtype":"U8","shape":[{{{string.Join(',', Enumerable.Repeat(1, 65))}}}],"data_offsets":[0,1]}}""";
        WriteRaw((ulong)header.Length, [.. Utf8.GetBytes(header), 0]);
        ShouldBeRefused("*'x' has 65 dimensions*");
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        byte[] header = [.. "{\"__metadata__\":{\"a\":\""u8, 0xff, 0xfe, .. "\"}}"u8];
        WriteRaw((ulong)header.Length, header);
        ShouldBeRefused("*not valid JSON*");
    }

    [Fact]
    public void A_file_of_a_few_bytes_is_refused()
    {
        System.IO.File.WriteAllBytes(File, [1, 2, 3]);
        ShouldBeRefused("*3 bytes*");
    }

    [Fact]
    public void A_missing_file_is_reported_as_missing() =>
        FluentActions.Invoking(() => SafetensorsFile.Read(File)).Should().Throw<FileNotFoundException>().WithMessage("*weights.safetensors*");

    [Fact]
    public void A_file_cut_or_changed_anywhere_is_read_or_refused_and_never_crashes()
    {
        SafetensorsFile.Write(
            File,
            new Dictionary<string, Tensor>
            {
                ["enc.weight"] = rand(2, 3),
                ["enc.bias"] = zeros(3, dtype: ScalarType.Int64),
                ["flag"] = ones(3, dtype: ScalarType.Bool),
            },
            new Dictionary<string, string> { ["format"] = "kd" });
        byte[] whole = System.IO.File.ReadAllBytes(File);
        string damaged = _folder["damaged"];

        for (int length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(damaged, whole[..length]);
            Assert.Throws<CheckpointException>(() => SafetensorsFile.ReadHeader(damaged));
        }

        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 4].Sample(changes =>
        {
            byte[] bytes = [.. whole];
            foreach ((int at, byte value) in changes)
                bytes[at] = value;
            System.IO.File.WriteAllBytes(damaged, bytes);
            try
            {
                SafetensorsFile.Read(damaged).Dispose();
            }
            catch (CheckpointException e)
            {
                Assert.Equal(damaged, e.Path);
            }
        }, iter: 2000, threads: 1);
    }

    private void WriteRaw(ulong headerLength, byte[] rest)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, headerLength);
        System.IO.File.WriteAllBytes(File, [.. length, .. rest]);
    }

    private void ShouldBeRefused(string message)
    {
        foreach (Action read in new Action[] { () => SafetensorsFile.ReadHeader(File), () => SafetensorsFile.Read(File) })
            read.Should().Throw<CheckpointException>().WithMessage($"'{File}'" + message).Which.Path.Should().Be(File);
    }
}
