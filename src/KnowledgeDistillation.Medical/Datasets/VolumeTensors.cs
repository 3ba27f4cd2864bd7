using KnowledgeDistillation.Medical.Volumes;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>Volumes as tensors.</summary>
public static class VolumeTensors
{
    /// <summary>A copy of an image as a tensor: voxel (x, y, z) is element [z, y, x], because x runs fastest in both.</summary>
    /// <returns>Float32 [D, H, W] = [Z, Y, X] on the CPU; unsqueeze it twice for [N, C, D, H, W].</returns>
    public static Tensor ToTensor(this Volume<float> volume) => Of(volume, voxels => tensor(voxels));

    /// <summary>A copy of labels as a tensor: voxel (x, y, z) is element [z, y, x], because x runs fastest in both.</summary>
    /// <returns>Int32 [D, H, W] = [Z, Y, X] on the CPU.</returns>
    public static Tensor ToTensor(this Volume<int> volume) => Of(volume, voxels => tensor(voxels));

    /// <summary>A copy of classes as a tensor: voxel (x, y, z) is element [z, y, x], because x runs fastest in both.</summary>
    /// <returns>Uint8 [D, H, W] = [Z, Y, X] on the CPU.</returns>
    public static Tensor ToTensor(this Volume<byte> volume) => Of(volume, voxels => tensor(voxels));

    private static Tensor Of<T>(Volume<T> volume, Func<T[], Tensor> copy)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(volume);
        using Tensor flat = copy(volume.Voxels);
        return flat.reshape(volume.Grid.Size.Z, volume.Grid.Size.Y, volume.Grid.Size.X);
    }
}
