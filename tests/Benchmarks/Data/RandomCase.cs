using KnowledgeDistillation.Benchmarks.Harness;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Data;

/// <summary>Images and labels of the setting's size and batch, always the same: how long a step takes does not depend on what they show.</summary>
internal sealed class RandomCase : IDisposable
{
    public const int Classes = 4;
    public const string StudentModality = "t1ce";

    public RandomCase(Setting setting)
    {
        using var generator = new Generator(1);
        Images = Modalities.ToDictionary(name => name, _ => randn([setting.Batch, 1, setting.Size, setting.Size, setting.Size], generator: generator));
        Labels = randint(0, Classes, [setting.Batch, setting.Size, setting.Size, setting.Size], ScalarType.Int64, generator: generator);
    }

    public static IReadOnlyList<string> Modalities { get; } = ["t1", "t1ce", "t2", "flair"];

    /// <summary>Each [N, 1, D, H, W].</summary>
    public IReadOnlyDictionary<string, Tensor> Images { get; }

    /// <summary>int64 [N, D, H, W].</summary>
    public Tensor Labels { get; }

    /// <summary>All modalities as channels.</summary>
    public Tensor Input() => cat([.. Modalities.Select(name => Images[name])], 1);

    public void Dispose()
    {
        foreach (Tensor image in Images.Values)
            image.Dispose();
        Labels.Dispose();
    }
}
