using KnowledgeDistillation.Losses;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>Learns two numbers, of which each step uses one: the first, the second, the first...</summary>
internal sealed class AlternatingLoss : ILearnableLoss, IDisposable
{
    private readonly Hands _hands = new();
    private int _calls;

    public nn.Module Module => _hands;

    public float[] Values => [_hands.first.item<float>(), _hands.second.item<float>()];

    public Tensor Compute(DistillationContext context) =>
        context.StudentProbabilities.mean() + (_calls++ % 2 == 0 ? _hands.first : _hands.second).square().sum();

    public void Dispose() => _hands.Dispose();

    private sealed class Hands : nn.Module
    {
        public readonly Parameter first = new(ones(1));
        public readonly Parameter second = new(ones(1));

        public Hands()
            : base(nameof(Hands)) => RegisterComponents();
    }
}
