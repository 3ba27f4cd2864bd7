using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>One case of the golden vectors: a scene of inputs, the options, and what a reference computation made of them.</summary>
/// <remarks>An option that a case does not name has the manifest's default. The collection beside the checkout names each, some in its own way.</remarks>
internal sealed class GoldenLossCase
{
    public static readonly GoldenData Data = new("losses", "vectors");

    private static readonly Lazy<IReadOnlyList<GoldenLossCase>> Present = new(() => [.. Data.PresentSources.SelectMany(ReadManifest)]);

    private readonly string _source;
    private readonly JsonElement _item;
    private readonly JsonElement _scene;
    private readonly Dictionary<string, JsonElement> _options;

    private GoldenLossCase(string source, JsonElement item, JsonElement scene, JsonElement? defaults)
    {
        (_source, _item, _scene) = (source, item, scene);
        _options = defaults?.EnumerateObject().ToDictionary(option => option.Name, option => option.Value) ?? [];
        foreach (JsonProperty option in item.GetProperty("options").EnumerateObject())
            _options[option.Name] = option.Value;
    }

    /// <summary>The cases of all sources that are here.</summary>
    public static IReadOnlyList<GoldenLossCase> All => Present.Value;

    public string Name => $"{_source}/{_item.GetProperty("dir").GetString()}";

    /// <summary>The option that this library does not offer, or null.</summary>
    public string? NotOffered =>
        Text("bce") == "clamped" ? "bce clamped: cross-entropy is computed from logits, which keeps its gradient"
        : Flag("dice_joint") ? "dice_joint: Dice is one score per class"
        : Text("norm") == "minshift" ? "norm minshift: bottlenecks are normalized by softmax or absolute sum"
        : Text("binarise") == "threshold" && IsExclusive ? "binarize threshold: with exclusive classes s* is the most probable class"
        : null;

    public LabelScheme Labels => IsExclusive ? Contexts.BratsClasses : Contexts.BratsRegions;

    public double Temperature => Number("T");

    public KDNetObjectiveOptions Options
    {
        get
        {
            BatchReduction reduction = Text("batch") switch
            {
                "sum" => BatchReduction.Sum,
                "mean" => BatchReduction.Mean,
                var other => throw Unknown("batch", other),
            };
            var dice = new SoftDiceOptions
            {
                Form = Text("dice") switch
                {
                    null => Flag("dice_squared") ? DiceForm.Squared : DiceForm.Linear,
                    "linear" => DiceForm.Linear,
                    "squared" => DiceForm.Squared,
                    "absolute_difference" => DiceForm.AbsoluteDifference,
                    var other => throw Unknown("dice", other),
                },
                Smooth = Number("dice_eps"),
                IncludeBackground = Flag("dice_include_background"),
                WholeBatch = Flag("dice_whole_batch"),
            };
            double studentTemperature = Number("student_T");
            if (studentTemperature != 1 && studentTemperature != Temperature)
                throw new NotSupportedException($"{Name}: a temperature of the student alone");
            return new KDNetObjectiveOptions
            {
                Lambda = Number("lam"),
                Alpha = Number("alpha"),
                SoftTargets = new SoftTargetOptions
                {
                    Temperature = Temperature,
                    TemperatureOnStudent = studentTemperature != 1,
                    ScaleBySquaredTemperature = Flag("scale_by_squared_T"),
                    SoftCrossEntropy = Flag("soft_cross_entropy"),
                    Dice = dice,
                    Reduction = reduction,
                },
                Bottleneck = new BottleneckOptions
                {
                    Normalization = Text("norm") switch
                    {
                        "softmax" => BottleneckNormalization.Softmax,
                        "absolute_sum" or "l1abs" => BottleneckNormalization.AbsoluteSum,
                        "channel_softmax" => BottleneckNormalization.ChannelSoftmax,
                        var other => throw Unknown("norm", other),
                    },
                    Reduction = reduction,
                },
                ReferenceDice = dice,
                ReferenceReduction = reduction,
            };
        }
    }

    private bool IsExclusive => (Text("activation") ?? _scene.GetProperty("activation").GetString()) == "softmax";

    public Tensor Input(string name) => Read(_scene.GetProperty("inputs").GetProperty(name), _scene.GetProperty("scene").GetString()!);

    public Tensor Output(string name)
    {
        JsonElement entry = _item.GetProperty("outputs").GetProperty(name);
        return entry.TryGetProperty("same_as", out JsonElement other)
            ? All.Single(golden => golden.Name == $"{_source}/{other.GetString()}").Output(name)
            : Read(entry, _item.GetProperty("dir").GetString()!);
    }

    public double Expected(string loss) => _item.GetProperty("expected").GetProperty(loss).GetDouble();

    public double ToleranceOfLoss(string loss) => _item.GetProperty("tol_abs").GetProperty(loss).GetDouble();

    public double ToleranceOfGradient(string name) => _item.GetProperty("outputs").GetProperty(name).GetProperty("tol_abs").GetDouble();

    public bool IsUnreliable(string name) =>
        _item.GetProperty("outputs").GetProperty(name).TryGetProperty("float32_unreliable", out JsonElement unreliable) && unreliable.GetBoolean();

    private static IEnumerable<GoldenLossCase> ReadManifest(string source)
    {
        JsonElement manifest = JsonDocument.Parse(File.ReadAllText(Data.PathOf($"{source}/manifest.json"))).RootElement;
        JsonElement? defaults = manifest.TryGetProperty("defaults", out JsonElement options) ? options : null;
        var scenes = manifest.GetProperty("scenes").EnumerateArray().ToDictionary(scene => scene.GetProperty("scene").GetString()!);
        return manifest.GetProperty("cases").EnumerateArray()
            .Select(item => new GoldenLossCase(source, item, scenes[item.GetProperty("scene").GetString()!], defaults));
    }

    /// <summary>An array that stands in the manifest or in a file of its own.</summary>
    private Tensor Read(JsonElement entry, string folder)
    {
        long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        string type = entry.GetProperty("dtype").GetString()!;
        if (entry.TryGetProperty("values", out JsonElement numbers))
        {
            Tensor wide = tensor([.. numbers.EnumerateArray().Select(number => number.GetDouble())], shape, ScalarType.Float64);
            return type == "uint8" ? wide.to(ScalarType.Byte) : wide;
        }

        byte[] bytes = File.ReadAllBytes(Data.PathOf($"{_source}/{folder}/{entry.GetProperty("file").GetString()}"));
        if (type == "uint8")
            return tensor(bytes).reshape(shape);
        float[] values = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
        return tensor(values).reshape(shape);
    }

    private string? Text(string option) => _options.TryGetValue(option, out JsonElement value) ? value.GetString() : null;

    private bool Flag(string option) => _options.TryGetValue(option, out JsonElement value) && value.GetBoolean();

    private double Number(string option) => _options[option].GetDouble();

    private NotSupportedException Unknown(string option, string? value) => new($"{Name}: no option {option} is {value}");
}
