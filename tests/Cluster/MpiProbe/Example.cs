using KnowledgeDistillation;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Mpi;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

/// <summary>The program of the package's README.</summary>
internal static class Example
{
    public static void Run(string folder)
    {
        manual_seed(1);
        using Tensor images = randn([6, 1, 16, 16, 16]);
        using Tensor classes = images.squeeze(1).gt(0.5).to(ScalarType.Byte);
        using var network = new UNet3D(new UNet3DOptions { Modalities = ["t1"], OutputChannels = 2, BaseWidth = 4, Levels = 2 });
        var labels = new ExclusiveClasses("background", "tumor");
        var training = new InMemoryBatchSource(new ModalityImages(("t1", images)), classes, batchSize: 1, shuffleSeed: 1);

        using MpiCollective processes = MpiCollective.Start();
        var options = new TrainingOptions { Epochs = 3, OutputFolder = folder, Collective = processes };
        TrainingResult result = new SupervisedTrainer(network, labels, options).Fit(training);
        if (processes.Rank == 0)
            Console.WriteLine($"{processes.Size} processes, loss {result.Best.Training.Total:0.000}, {result.BestCheckpoint}");
        processes.Complete();
    }
}
