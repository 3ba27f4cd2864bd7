using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>The two projectors of <see cref="ContrastivePairLoss"/>: a linear layer, ReLU, a linear layer.</summary>
internal sealed class PairProjectors : Module
{
    private readonly Module<Tensor, Tensor> student;
    private readonly Module<Tensor, Tensor> teacher;

    public PairProjectors(int studentWidth, int teacherWidth, int dimension)
        : base(nameof(PairProjectors))
    {
        student = Projector(studentWidth);
        teacher = Projector(teacherWidth);
        RegisterComponents();

        Module<Tensor, Tensor> Projector(int width) => Sequential(Linear(width, 2 * dimension), ReLU(), Linear(2 * dimension, dimension));
    }

    /// <summary>The student's.</summary>
    public Module<Tensor, Tensor> Student => student;

    /// <summary>The teacher's.</summary>
    public Module<Tensor, Tensor> Teacher => teacher;
}
