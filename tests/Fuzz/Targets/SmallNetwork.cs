using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>The least of everything that a fit needs.</summary>
internal static class SmallNetwork
{
    public static readonly ExclusiveClasses Labels = new("background", "sphere");

    public static UNet3D Make()
    {
        manual_seed(1);
        return new UNet3D(new UNet3DOptions { Modalities = ["t1ce"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
    }

    public static Batch Images()
    {
        manual_seed(2);
        return new Batch(
            new ModalityImages([KeyValuePair.Create("t1ce", randn([1, 1, 4, 4, 4]))]), randint(2, [1, 4, 4, 4], ScalarType.Int64), ["case"]);
    }

    /// <summary>A fit of one epoch, which begins in the folder or finds itself done there.</summary>
    public static TrainingResult Fit(string folder)
    {
        using UNet3D network = Make();
        using Batch batch = Images();
        var options = new TrainingOptions { Epochs = 1, OutputFolder = folder, Resume = true, Precision = Precision.Full };
        return new SupervisedTrainer(network, Labels, options).Fit(new InMemoryBatchSource(batch.Images, batch.Labels));
    }
}
