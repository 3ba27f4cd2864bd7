using KnowledgeDistillation.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// What the adversarial losses of co-training share: a critic that tells maps of the student from those of the teacher, patch by patch, its optimizer,
/// and what critic and student minimize.
/// </summary>
/// <remarks>Owns critic and optimizer. No gradient of the critic's loss flows into a map, and none of the student's into the teacher.</remarks>
internal sealed class DomainAdversary : IDisposable
{
    private readonly int _width;
    private readonly int _spatialDimensions;
    private readonly DomainCritic _critic;

    /// <param name="name">The name of the loss, for messages.</param>
    /// <param name="width">Number of channels of a map.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="ofOptions">What is wrong with the options of the loss.</param>
    /// <param name="layers">Width and stride of each convolution of the critic but the last.</param>
    /// <param name="lastStride">The stride of the last one.</param>
    /// <param name="learningRate">The critic's learning rate.</param>
    /// <param name="device">Where the critic is; null for the CPU.</param>
    /// <exception cref="ArgumentException">A number or an option is out of range; the message lists every fault.</exception>
    public DomainAdversary(
        string name,
        int width,
        int spatialDimensions,
        OptionFaults ofOptions,
        IEnumerable<(long Width, long Stride)> layers,
        long lastStride,
        double learningRate,
        Device? device)
    {
        new OptionFaults(name)
            .Require(width >= 1, $"The number of channels must be at least 1, but is {width}.")
            .Require(spatialDimensions is 2 or 3, $"spatialDimensions must be 2 or 3, but is {spatialDimensions}.")
            .Include("options", ofOptions)
            .ThrowIfAny();
        (_width, _spatialDimensions) = (width, spatialDimensions);
        _critic = new DomainCritic(spatialDimensions, width, layers, lastStride);
        if (device is not null)
            _critic.to(device);
        Optimizer = new Runtime.Adam(_critic.parameters(), learningRate, beta1: 0.9, beta2: 0.99);
    }

    public nn.Module Critic => _critic;

    public OptimizerHelper Optimizer { get; }

    /// <summary>What the student minimizes: to be taken for the teacher.</summary>
    public Tensor OfStudent(Tensor student) => Softplus(Score(student)).mean();

    /// <summary>What the critic minimizes: the binary cross-entropy of its verdicts.</summary>
    public Tensor OfCritic(Tensor student, Tensor teacher) =>
        Softplus(Score(teacher.detach())).mean().Plus(Softplus(-Score(student.detach())).mean()).Over(2);

    /// <summary>Raw logits [N, 1, patches...], above 0 where a map is taken for the student's.</summary>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Score(Tensor map)
    {
        if (map.dim() != _spatialDimensions + 2 || map.shape[1] != _width)
        {
            throw new ArgumentException($"The critic was made for maps of {_width} channels and {_spatialDimensions} spatial dimensions, "
                + $"but the shape is [{string.Join(", ", map.shape)}].");
        }

        return _critic.call(map);
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        _critic.Dispose();
    }

    /// <summary>For what maps the critic was made, in words.</summary>
    public override string ToString() => $"{_width} channels, {_spatialDimensions}-D";

    // log(1 + exp x), finite for any x.
    private static Tensor Softplus(Tensor logits) => -nn.functional.logsigmoid(-logits);
}
