using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Data;

/// <summary>A whole head as tensors: intensities divided by 1000, so that background is 0.</summary>
internal sealed class HeadCase : IDisposable
{
    /// <summary>Edge of the windows in which it is segmented.</summary>
    public const int Window = 64;

    private HeadCase(IReadOnlyDictionary<string, Tensor> images) => Images = images;

    /// <summary>Each [1, 1, D, H, W].</summary>
    public IReadOnlyDictionary<string, Tensor> Images { get; }

    public static HeadCase Load(Setting setting)
    {
        CaseVolumes volumes = HeadData.Find(setting).Load();
        return new HeadCase(RandomCase.Modalities.ToDictionary(name => name, name =>
        {
            Volume<float> volume = volumes.Images[name];
            return tensor(Array.ConvertAll(volume.Voxels, value => value / 1000), [1, 1, volume.Grid.Size.Z, volume.Grid.Size.Y, volume.Grid.Size.X]);
        }));
    }

    /// <summary>All modalities as channels.</summary>
    public Tensor Input() => cat([.. RandomCase.Modalities.Select(name => Images[name])], 1);

    public void Dispose()
    {
        foreach (Tensor image in Images.Values)
            image.Dispose();
    }
}
