using System.IO.Compression;
using System.Text;
using FluentAssertions;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Storage;

/// <summary>Weights that PyTorch wrote; the files in tests/Fixtures/PyTorch are its own (make.py there).</summary>
public sealed class ForeignWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Module<Tensor, Tensor> _network = Sequential(("enter", Conv3d(1, 2, (3, 1, 1))), ("head", Conv3d(2, 2, 1)));

    [Theory]
    [InlineData("state_dict.pth")]
    [InlineData("plain_dict.pth")]
    [InlineData("checkpoint.pth")]
    [InlineData("nnunet.pth")]
    [InlineData("wrapped.pth")]
    [InlineData("parameters.pth")]
    [InlineData("half.pth")]
    [InlineData("views.pth")]
    public void Weights_that_PyTorch_wrote_are_read(string file)
    {
        ForeignWeights.Load(_network, Fixture(file));

        RequireLoaded(file == "half.pth" ? 1e-4 : 0);
    }

    [Fact]
    public void Weights_of_a_safetensors_file_are_read()
    {
        ForeignWeights.Load(_network, Fixture("state_dict.pth"));
        string path = _folder["weights.safetensors"];
        SafetensorsFile.Write(path, _network.state_dict().ToDictionary(item => "module." + item.Key, item => item.Value));
        Zero();

        ForeignWeights.Load(_network, path);

        RequireLoaded(0);
    }

    [Theory]
    [InlineData("legacy.pth", "*legacy.pth*before 1.6*save it again*")]
    [InlineData("hostile.pth", "*hostile.pth*names 'posix.system'*never run*")]
    [InlineData("model.pth", "*model.pth*names 'torch.nn.modules.linear.Linear'*state_dict()*")]
    [InlineData("scheduler.pth", "*scheduler.pth*no weights under state_dict*it has: state_dict, epoch*")]
    public void What_is_no_state_dictionary_is_refused_with_the_reason(string file, string message)
    {
        FluentActions.Invoking(() => ForeignWeights.Load(_network, Fixture(file))).Should().Throw<CheckpointException>().WithMessage(message);
    }

    [Fact]
    public void Names_become_those_of_the_network_by_a_dictionary_and_by_patterns()
    {
        string path = Renamed(name => name.Replace("enter", "stem.conv", StringComparison.Ordinal).Replace("head.weight", "last", StringComparison.Ordinal)
            .Replace("head", "final.7", StringComparison.Ordinal));

        ForeignWeights.Load(_network, path, new WeightNames
        {
            Exact = new Dictionary<string, string> { ["last"] = "head.weight" },
            Patterns = [(@"^stem\.conv\.(\w+)$", "enter.$1"), (@"^final\.\d", "head")],
        });

        RequireLoaded(0);
    }

    [Fact]
    public void All_that_does_not_fit_is_listed_and_nothing_is_loaded()
    {
        Zero();
        string path = Renamed(
            name => name == "enter.bias" ? "enter.offset" : name, tensor => tensor.shape is [2, 2, ..] ? tensor.reshape(4, 1, 1, 1, 1) : tensor);

        FluentActions.Invoking(() => ForeignWeights.Load(_network, path)).Should().Throw<CheckpointException>()
            .WithMessage("*enter.bias is missing*enter.offset is unknown*head.weight is ?4, 1, 1, 1, 1? but must be ?2, 2, 1, 1, 1?*");

        _network.parameters().Should().OnlyContain(parameter => parameter.abs().sum().item<float>() == 0);
    }

    [Fact]
    public void Weights_are_left_out_only_where_that_is_said()
    {
        string path = _folder["more.safetensors"];
        Dictionary<string, Tensor> weights = new(ForeignWeights.Read(Fixture("state_dict.pth"))) { ["supervision.0.weight"] = ones(3) };
        SafetensorsFile.Write(path, weights);

        FluentActions.Invoking(() => ForeignWeights.Load(_network, path)).Should().Throw<CheckpointException>()
            .WithMessage("*supervision.0.weight is unknown*");
        ForeignWeights.Load(_network, path, new WeightNames { Ignored = [@"^supervision\."] });

        RequireLoaded(0);
    }

    [Fact]
    public void Names_that_lead_nowhere_or_to_the_same_place_are_faults_of_the_caller()
    {
        Loading(new WeightNames { Exact = new Dictionary<string, string> { ["absent"] = "enter.bias" }, Patterns = [("^head", "enter")] })
            .Should().Throw<ArgumentException>()
            .WithMessage("*no 'absent'*'enter.weight' and 'head.weight' would both become 'enter.weight'*'enter.bias' and 'head.bias'*");
        Loading(new WeightNames { Patterns = [("(", "")] }).Should().Throw<ArgumentException>();
        Loading(new WeightNames { Ignored = ["["] }).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void An_expression_that_takes_for_ever_is_a_fault_of_the_caller()
    {
        string path = Renamed(name => name == "enter.bias" ? new string('a', 40) : name);

        FluentActions.Invoking(() => ForeignWeights.Load(_network, path, new WeightNames { Ignored = ["^(a|aa)+$b"] }))
            .Should().Throw<ArgumentException>().WithMessage("*'^(a|aa)+$b' takes more than 1 s*");
    }

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        byte[] whole = File.ReadAllBytes(Fixture("checkpoint.pth"));
        string path = _folder["cut.pth"];
        for (int length = 0; length < whole.Length; length += 37)
        {
            File.WriteAllBytes(path, whole[..length]);

            FluentActions.Invoking(() => ForeignWeights.Load(_network, path)).Should().Throw<CheckpointException>($"{length} bytes are left");
        }
    }

    [Fact]
    public void A_damaged_pickle_is_refused_or_read_and_never_anything_else()
    {
        var random = new Random(1);
        for (int i = 0; i < 400; i++)
        {
            string path = Changed("checkpoint.pth", "data.pkl", pickle =>
            {
                for (int change = 0; change <= i % 4; change++)
                    pickle[random.Next(pickle.Length)] = (byte)random.Next(256);
                return pickle;
            });

            Exception? exception = Record.Exception(() => ForeignWeights.Load(_network, path));

            (exception is null or CheckpointException).Should().BeTrue($"change {i} gave {exception}");
        }
    }

    [Fact]
    public void Values_that_are_missing_or_too_few_are_refused()
    {
        string few = Changed("state_dict.pth", "data/0", values => values[..8]);
        FluentActions.Invoking(() => ForeignWeights.Load(_network, few)).Should().Throw<CheckpointException>().WithMessage("*reaches beyond its 2 elements*");
        string packed = Changed("state_dict.pth", "data/0", values => values, CompressionLevel.SmallestSize, repeat: 1000);
        FluentActions.Invoking(() => ForeignWeights.Load(_network, packed)).Should().Throw<CheckpointException>().WithMessage("*compressed*");
    }

    [Fact]
    public void A_teacher_from_PyTorch_gives_its_logits()
    {
        manual_seed(1);
        using var source = new UNet3D(new() { Modalities = ["t1"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        using var target = new UNet3D(new() { Modalities = ["t1"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        string path = _folder["teacher.safetensors"];
        SafetensorsFile.Write(path, source.state_dict().ToDictionary(item => "net." + item.Key, item => item.Value));

        ForeignWeights.Load(target, path, new WeightNames { Patterns = [(@"^net\.", "")] });

        using Tensor image = randn([1, 1, 4, 4, 4]), expected = source.call(image), given = target.call(image);
        given.equal(expected).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void A_file_that_is_neither_is_refused()
    {
        string text = _folder["notes.txt"];
        File.WriteAllText(text, "no weights, but long enough for a header");

        FluentActions.Invoking(() => ForeignWeights.Load(_network, text)).Should().Throw<CheckpointException>();
        FluentActions.Invoking(() => ForeignWeights.Load(_network, _folder["absent.pth"])).Should().Throw<FileNotFoundException>();
        Directory.CreateDirectory(_folder["folder.pth"]);
        FluentActions.Invoking(() => ForeignWeights.Load(_network, _folder["folder.pth"])).Should().Throw<CheckpointException>();
    }

    public void Dispose()
    {
        _network.Dispose();
        _folder.Dispose();
    }

    private static string Fixture(string name) => Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "PyTorch", name);

    // Values 0, 1/100, 2/100 and so on in each tensor.
    private void RequireLoaded(double tolerance)
    {
        foreach ((string name, Tensor tensor) in _network.state_dict())
        {
            float[] expected = [.. Enumerable.Range(0, (int)tensor.numel()).Select(number => number / 100f)];
            float[] values = tensor.contiguous().data<float>().ToArray();
            values.Zip(expected, (a, b) => Math.Abs(a - b)).Max().Should().BeLessThanOrEqualTo((float)tolerance, name);
        }
    }

    private void Zero()
    {
        using var noGradient = no_grad();
        foreach (TorchSharp.Modules.Parameter parameter in _network.parameters())
            parameter.zero_();
    }

    private Action Loading(WeightNames names) => () => ForeignWeights.Load(_network, Fixture("state_dict.pth"), names);

    private string Renamed(Func<string, string> rename, Func<Tensor, Tensor>? change = null)
    {
        string path = _folder["renamed.safetensors"];
        SafetensorsFile.Write(
            path,
            ForeignWeights.Read(Fixture("state_dict.pth")).ToDictionary(item => rename(item.Key), item => change is null ? item.Value : change(item.Value)));
        return path;
    }

    private string Changed(string file, string entry, Func<byte[], byte[]> change, CompressionLevel level = CompressionLevel.NoCompression, int repeat = 1)
    {
        string path = _folder["changed.pth"];
        using ZipArchive source = ZipFile.OpenRead(Fixture(file));
        using FileStream stream = File.Create(path);
        using ZipArchive target = new(stream, ZipArchiveMode.Create, leaveOpen: false, Encoding.UTF8);
        foreach (ZipArchiveEntry each in source.Entries)
        {
            using var memory = new MemoryStream();
            using (Stream content = each.Open())
                content.CopyTo(memory);
            bool isChanged = each.FullName.EndsWith("/" + entry, StringComparison.Ordinal);
            using Stream written = target.CreateEntry(each.FullName, isChanged ? level : CompressionLevel.NoCompression).Open();
            for (int i = 0; i < (isChanged ? repeat : 1); i++)
                written.Write(isChanged ? change(memory.ToArray()) : memory.ToArray());
        }

        return path;
    }
}
