using KnowledgeDistillation.Losses;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>Compares bottlenecks of different widths: a 1×1×1 convolution that learns together with the student maps its features to the teacher's.</summary>
internal sealed class AdapterLoss(int studentWidth, int teacherWidth) : ILearnableLoss, IDisposable
{
    private readonly TorchSharp.Modules.Conv3d _adapter = nn.Conv3d(studentWidth, teacherWidth, 1);

    public nn.Module Module => _adapter;

    public Tensor Compute(DistillationContext context) =>
        nn.functional.mse_loss(_adapter.call(context.Student.Encoding.Bottleneck), context.Teacher.Encoding.Bottleneck);

    public void Dispose() => _adapter.Dispose();
}
