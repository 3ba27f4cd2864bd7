using KnowledgeDistillation.Medical.Preprocessing;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Plain;

/// <summary>Reads each case when it is asked for, makes tensors of it and flips them.</summary>
internal static class PlainLoader
{
    public static Batch Read(CachedCase item, Random random)
    {
        PreprocessedCase prepared = item.Load();
        using var scope = NewDisposeScope();
        long[] axes = [.. new long[] { 2, 3, 4 }.Where(_ => random.Next(2) == 0)];
        long[] shape = [1, 1, prepared.Size.Z, prepared.Size.Y, prepared.Size.X];
        Tensor Flip(Tensor volume) => axes.Length == 0 ? volume : volume.flip(axes);
        return new Batch(
            new ModalityImages(prepared.Images.Select(image => KeyValuePair.Create(image.Key, Flip(tensor(image.Value, shape)).MoveToOuterDisposeScope()))),
            Flip(tensor(prepared.Classes!, shape).to(ScalarType.Int64)).squeeze(1).MoveToOuterDisposeScope(),
            [item.Id]);
    }
}
