using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// What the adversarial losses of co-training have in common: a critic D, trained alongside, tells maps m of the student from those of the teacher, patch by
/// patch, and the student learns to be taken for the teacher. With logits above 0 for the student, the critic minimizes
/// ½ (E log(1 + exp D(m_t)) + E log(1 + exp(−D(m_s)))), the binary cross-entropy, and the student E log(1 + exp D(m_s)); E is the mean over patches.
/// </summary>
/// <remarks>
/// <para>
/// The teacher gets no gradient: it need not come towards the student. The critic gets its own from outputs through which none flows. A critic that cannot
/// tell the two apart leaves the student a loss of log 2; the value moves with the critic and says little as a number to watch. Does not grow with the volume.
/// </para>
/// <para>
/// Owns critic and optimizer, Adam with β = (0.9, 0.99). The critic's initial weights are drawn from torch's default generator: call
/// <c>torch.manual_seed</c> before to fix them.
/// </para>
/// </remarks>
public abstract class DomainAdversarialLoss : ISelfTrainingLoss, IDisposable
{
    private readonly int _spatialDimensions;
    private readonly int _width;
    private readonly DomainCritic _critic;

    private protected DomainAdversarialLoss(
        string name,
        int spatialDimensions,
        int width,
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
        (_spatialDimensions, _width) = (spatialDimensions, width);
        _critic = new DomainCritic(spatialDimensions, width, layers, lastStride);
        if (device is not null)
            _critic.to(device);
        Optimizer = optim.Adam(_critic.parameters(), learningRate, beta1: 0.9, beta2: 0.99);
    }

    /// <summary>The critic.</summary>
    public nn.Module Module => _critic;

    /// <summary>The critic's optimizer.</summary>
    public OptimizerHelper Optimizer { get; }

    /// <summary>For what the critic was made, in words.</summary>
    private protected string Size => $"{_width} channels, {_spatialDimensions}-D";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Softplus(Score(MapOf(context.Student, context.Labels))).mean();
    }

    /// <summary>What the critic minimizes: it learns to tell the student's maps from the teacher's.</summary>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public Tensor ComputeOwn(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Tensor ofTeacher = Softplus(Score(MapOf(context.Teacher, context.Labels).detach())).mean();
        Tensor ofStudent = Softplus(-Score(MapOf(context.Student, context.Labels).detach())).mean();
        return ofTeacher.Plus(ofStudent).Over(2);
    }

    /// <summary>The critic's verdict on what a network made of a batch: raw logits, one per patch, above 0 where it takes the map for the student's.</summary>
    /// <param name="output">The output of a network.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>[N, 1, patches...].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Score(NetworkOutput output, LabelScheme labels)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(labels);
        return Score(MapOf(output, labels));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        _critic.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>What the critic sees of an output, [N, width, spatial...].</summary>
    private protected abstract Tensor MapOf(NetworkOutput output, LabelScheme labels);

    // log(1 + exp x), finite for any x.
    private static Tensor Softplus(Tensor logits) => -nn.functional.logsigmoid(-logits);

    private Tensor Score(Tensor map)
    {
        if (map.dim() != _spatialDimensions + 2 || map.shape[1] != _width)
        {
            throw new ArgumentException($"The critic was made for maps of {_width} channels and {_spatialDimensions} spatial dimensions, "
                + $"but the shape is [{string.Join(", ", map.shape)}].");
        }

        return _critic.call(map);
    }
}
