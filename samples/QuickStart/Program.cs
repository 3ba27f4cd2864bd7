// Trains a teacher that sees two modalities and a student that sees one, on synthetic spheres.
using KnowledgeDistillation;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Samples.QuickStart;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

manual_seed(1);
using Batch spheres = Spheres.Create(cases: 12, size: 16, seed: 1);
var training = new InMemoryBatchSource(spheres.Images, spheres.Labels, batchSize: 2, shuffleSeed: 1);

var labels = new ExclusiveClasses("background", "sphere");
var options = new TrainingOptions { Epochs = 15, LearningRate = 3e-3 };
using var teacher = new UNet3D(new UNet3DOptions { Modalities = ["bright", "faint"], OutputChannels = 2, BaseWidth = 8, Levels = 3 });
using var student = new UNet3D(new UNet3DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 8, Levels = 3 });

// 1. The teacher learns from the reference. 2. Frozen, it helps the student, which sees one modality only.
new SupervisedTrainer(teacher, labels, options).Fit(training);
new DistillationTrainer(student, new FrozenTeacher(teacher), labels, options).Fit(training);

using Batch unseen = Spheres.Create(cases: 6, size: 16, seed: 2);
foreach (UNet3D network in new[] { teacher, student })
{
    using Tensor predicted = new SegmentationModel(network, labels).Predict(unseen.Images);
    Console.WriteLine($"Dice of the network that sees {string.Join(" + ", network.Modalities)}: {Spheres.Dice(predicted, unseen.Labels):0.00}");
}
