using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>Batches of preprocessed cases; order and flips follow from seed and epoch.</summary>
internal sealed class CaseBatchSource(IReadOnlyList<CachedCase> cases, IReadOnlyList<string> modalities, int batchSize, long? seed, bool flip) : IBatchSource
{
    public int BatchCount => (cases.Count + batchSize - 1) / batchSize;

    public IEnumerable<Batch> ReadEpoch(int epoch)
    {
        CachedCase[] order = [.. cases];
        if (seed is long number)
            Shuffling.Shuffle<CachedCase>(order, SeedMixer.Mix(number, epoch));
        foreach (CachedCase[] chunk in order.Chunk(batchSize))
            yield return Read([.. chunk.Select(item => item.Load())], epoch);
    }

    private Batch Read(PreprocessedCase[] chunk, int epoch)
    {
        VolumeSize size = chunk[0].Size;
        Flips[] flips = [.. chunk.Select(item => flip ? FlipAugmentation.Draw(seed ?? 0, epoch, item.Id) : default)];
        Tensor Image(string name) => tensor(Join(item => item.Images[name]), [chunk.Length, 1, size.Z, size.Y, size.X]);
        Tensor labels = tensor(Join(item => Array.ConvertAll(item.Classes!, label => (long)label)), [chunk.Length, size.Z, size.Y, size.X]);
        return new Batch(new ModalityImages(modalities.Select(name => KeyValuePair.Create(name, Image(name)))), labels, [.. chunk.Select(item => item.Id)]);

        T[] Join<T>(Func<PreprocessedCase, T[]> voxels)
        {
            T[] joined = new T[chunk.Length * size.VoxelCount];
            for (int i = 0; i < chunk.Length; i++)
                flips[i].Apply<T>(voxels(chunk[i]), joined.AsSpan(i * size.VoxelCount, size.VoxelCount), size);
            return joined;
        }
    }
}
