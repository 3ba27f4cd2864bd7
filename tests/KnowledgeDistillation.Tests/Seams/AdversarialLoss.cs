using KnowledgeDistillation.Losses;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A critic learns to tell the student's segmentations from the teacher's; the student learns to mislead it.</summary>
internal sealed class AdversarialLoss : ISelfTrainingLoss, IDisposable
{
    private readonly Sequential _critic;

    public AdversarialLoss(int channels, double dropout = 0)
    {
        _critic = Sequential(Conv3d(channels, 4, 3, stride: 2), BatchNorm3d(4), LeakyReLU(0.2), Dropout3d(dropout), Conv3d(4, 1, 3, padding: 1));
        Optimizer = optim.Adam(_critic.parameters(), lr: 1e-2);
    }

    public nn.Module Module => _critic;

    public OptimizerHelper Optimizer { get; }

    // What the student minimizes: its segmentations should be taken for the teacher's.
    public Tensor Compute(DistillationContext context) => TakenForTeacher(context.StudentProbabilities);

    // What the critic minimizes, in the same step and before the student.
    public Tensor ComputeOwn(DistillationContext context) =>
        TakenForTeacher(context.Labels.Probabilities(context.Teacher.Logits)) + functional.softplus(_critic.call(context.StudentProbabilities)).mean();

    public void Dispose()
    {
        Optimizer.Dispose();
        _critic.Dispose();
    }

    private Tensor TakenForTeacher(Tensor segmentation) => functional.softplus(-_critic.call(segmentation)).mean();
}
