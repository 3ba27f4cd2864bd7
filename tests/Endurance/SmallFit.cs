using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Endurance;

/// <summary>A fit that is as small as a U-Net allows, so that the work around its kernels is most of it.</summary>
internal static class SmallFit
{
    /// <summary>Trains a three-level U-Net on two volumes of 8³ voxels.</summary>
    /// <param name="steps">The number of steps.</param>
    /// <param name="own">Whether the library's Adam takes them, or TorchSharp's.</param>
    /// <param name="callback">Hears of each step.</param>
    public static void Run(int steps, bool own, ITrainingCallback? callback = null)
    {
        manual_seed(1);
        using var network = new UNet3D(new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 2, BaseWidth = 4, Levels = 3 });
        using var batch = new Batch(
            new ModalityImages([KeyValuePair.Create("t1ce", randn([2, 1, 8, 8, 8]))]), randint(2, [2, 8, 8, 8], ScalarType.Int64), ["a", "b"]);
        var options = new TrainingOptions
        {
            Epochs = Math.Max(1, steps / 10),
            LearningRate = own ? 1e-3 : null,
            Precision = Precision.Full,
            RestoreBestWeights = false,
            Optimizer = own ? null : parameters => optim.Adam(parameters, 1e-3),
            Callbacks = callback is null ? [] : [callback],
        };
        new SupervisedTrainer(network, new ExclusiveClasses("background", "tumor"), options)
            .Fit(new TenTimes(new InMemoryBatchSource(batch.Images, batch.Labels, 2)));
    }

    // An epoch of ten steps, so that what an epoch costs does not count.
    private sealed class TenTimes(IBatchSource source) : IBatchSource
    {
        public int BatchCount => 10 * source.BatchCount;

        public IEnumerable<Batch> ReadEpoch(int epoch) => Enumerable.Range(0, 10).SelectMany(_ => source.ReadEpoch(epoch));
    }
}
