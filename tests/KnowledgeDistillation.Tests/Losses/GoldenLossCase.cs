using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>One case of the golden vectors: a scene of inputs, the options, and what a reference computation made of them.</summary>
internal sealed class GoldenLossCase(JsonElement item, JsonElement scene)
{
    private static readonly Lazy<IReadOnlyList<GoldenLossCase>> Manifest = new(ReadManifest);

    public static IReadOnlyList<GoldenLossCase> All => Manifest.Value;

    public string Name => item.GetProperty("dir").GetString()!;

    /// <summary>The option that this library does not offer, or null.</summary>
    public string? NotOffered =>
        Option("bce").GetString() == "clamped" ? "bce clamped: cross-entropy is computed from logits, which keeps its gradient"
        : Option("dice_joint").GetBoolean() ? "dice_joint: Dice is one score per class"
        : Option("norm").GetString() == "minshift" ? "norm minshift: bottlenecks are normalized by softmax or absolute sum"
        : Option("binarise").GetString() == "threshold" && Option("activation").GetString() == "softmax"
            ? "binarize threshold: with exclusive classes s* is the most probable class"
        : null;

    public LabelScheme Labels => Option("activation").GetString() == "softmax" ? Contexts.BratsClasses : Contexts.BratsRegions;

    public double Temperature => Option("T").GetDouble();

    public KDNetObjectiveOptions Options
    {
        get
        {
            BatchReduction reduction = Option("batch").GetString() == "sum" ? BatchReduction.Sum : BatchReduction.Mean;
            var dice = new SoftDiceOptions
            {
                Form = Option("dice_squared").GetBoolean() ? DiceForm.Squared : DiceForm.Linear,
                Smooth = Option("dice_eps").GetDouble(),
                IncludeBackground = Option("dice_include_background").GetBoolean(),
            };
            double studentTemperature = Option("student_T").GetDouble();
            if (studentTemperature != 1 && studentTemperature != Temperature)
                throw new NotSupportedException($"{Name}: a temperature of the student alone");
            return new KDNetObjectiveOptions
            {
                Lambda = Option("lam").GetDouble(),
                Alpha = Option("alpha").GetDouble(),
                SoftTargets =
                    new SoftTargetOptions { Temperature = Temperature, TemperatureOnStudent = studentTemperature != 1, Dice = dice, Reduction = reduction },
                Bottleneck = new BottleneckOptions
                {
                    Normalization = Option("norm").GetString() == "softmax" ? BottleneckNormalization.Softmax : BottleneckNormalization.AbsoluteSum,
                    Reduction = reduction,
                },
                ReferenceDice = dice,
                ReferenceReduction = reduction,
            };
        }
    }

    public Tensor Input(string name) => Read(scene.GetProperty("inputs").GetProperty(name), scene.GetProperty("scene").GetString()!);

    public Tensor Output(string name) => Read(item.GetProperty("outputs").GetProperty(name), Name);

    public double Expected(string loss) => item.GetProperty("expected").GetProperty(loss).GetDouble();

    public double ToleranceOfLoss(string loss) => item.GetProperty("tol_abs").GetProperty(loss).GetDouble();

    public double ToleranceOfGradient(string name) => item.GetProperty("outputs").GetProperty(name).GetProperty("tol_abs").GetDouble();

    public bool IsUnreliable(string name) => item.GetProperty("outputs").GetProperty(name).GetProperty("float32_unreliable").GetBoolean();

    private JsonElement Option(string name) => item.GetProperty("options").GetProperty(name);

    private static IReadOnlyList<GoldenLossCase> ReadManifest()
    {
        JsonElement manifest = JsonDocument.Parse(File.ReadAllText(SharedData.Require("vectors", "manifest.json"))).RootElement;
        var scenes = manifest.GetProperty("scenes").EnumerateArray().ToDictionary(scene => scene.GetProperty("scene").GetString()!);
        return [.. manifest.GetProperty("cases").EnumerateArray().Select(item => new GoldenLossCase(item, scenes[item.GetProperty("scene").GetString()!]))];
    }

    private static Tensor Read(JsonElement entry, string folder)
    {
        byte[] bytes = File.ReadAllBytes(SharedData.Require(["vectors", .. folder.Split('/'), entry.GetProperty("file").GetString()!]));
        long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        if (entry.GetProperty("dtype").GetString() == "uint8")
            return tensor(bytes).reshape(shape);
        float[] values = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
        return tensor(values).reshape(shape);
    }
}
