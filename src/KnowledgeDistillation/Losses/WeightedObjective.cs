using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>A weighted sum of losses, each reported under its name (KD-Net, eq. 5, is one: see <see cref="Methods.KDNet.KDNetObjective"/>).</summary>
/// <remarks>
/// Owns its losses, also those within others (<see cref="ICompositeLoss"/>): whoever makes the objective disposes it when the fit is over, and with it the
/// critics, adapters and optimizers of its losses. Trainers use an objective that they are given and do not dispose it. Where no loss has anything to learn,
/// there is nothing to free. A loss may stand in several objectives as long as only one of them is disposed.
/// </remarks>
public sealed class WeightedObjective : ICompositeLoss, IDisposable
{
    private bool _disposed;

    /// <summary>Makes an objective.</summary>
    /// <param name="terms">At least one term; names differ, weights are finite and at least 0, and not all are 0.</param>
    /// <exception cref="ArgumentException">The terms are not valid; the message lists every fault.</exception>
    public WeightedObjective(params IReadOnlyList<LossTerm> terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        foreach (LossTerm term in terms)
            ArgumentNullException.ThrowIfNull(term, nameof(terms));
        var faults = new OptionFaults(nameof(WeightedObjective))
            .Require(terms.Any(term => term.Weight > 0), "At least one term must have a weight above 0.");
        foreach (LossTerm term in terms)
        {
            faults.Require(
                term.Weight >= 0 && double.IsFinite(term.Weight), $"The weight of '{term.Name}' must be finite and at least 0, but is {term.Weight}.");
            faults.Require(term.Loss is not null, $"The loss of '{term.Name}' must be given.");
        }

        faults.Require(terms.All(term => !string.IsNullOrWhiteSpace(term.Name)), "Each term needs a name.");
        foreach (IGrouping<string, LossTerm> sameName in terms.GroupBy(term => term.Name).Where(group => group.Count() > 1))
            faults.Require(false, $"The name '{sameName.Key}' is used more than once.");
        faults.ThrowIfAny();
        Terms = [.. terms];
    }

    /// <summary>Makes an objective of one loss with weight 1.</summary>
    public WeightedObjective(string name, IDistillationLoss loss)
        : this(new LossTerm(name, 1, loss))
    {
    }

    /// <summary>The terms.</summary>
    public IReadOnlyList<LossTerm> Terms { get; }

    /// <inheritdoc/>
    public IEnumerable<IDistillationLoss> Parts => Terms.Select(term => term.Loss);

    /// <summary>
    /// The features of the student's decoder that its losses read, as <see cref="IDecoderFeatureLoss"/> says; for <see cref="NetworkOutput.Of"/> in a loop of
    /// your own, trainers know them.
    /// </summary>
    public IReadOnlyList<string> StudentFeatures => [.. DecodedFeatures.ReadWithin(this, null).Select(read => read.Feature).Distinct(StringComparer.Ordinal)];

    /// <summary>The features of a teacher's decoder that its losses read; for <see cref="Teachers.FrozenTeacher.Forward"/> in a loop of your own.</summary>
    /// <param name="teacher">The name of the teacher.</param>
    public IReadOnlyList<string> TeacherFeatures(string teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        return [.. DecodedFeatures.ReadWithin(this, teacher).Select(read => read.Feature).Distinct(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context) => Evaluate(context).Total;

    /// <summary>Computes the sum and each term.</summary>
    /// <exception cref="InvalidOperationException">A loss gave something other than a scalar.</exception>
    /// <exception cref="ObjectDisposedException">The objective is disposed.</exception>
    public ObjectiveValue Evaluate(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        ObjectDisposedException.ThrowIf(_disposed, this);
        (LossTerm Term, Tensor Value)[] values = [.. Terms.Select(term => (term, ComputeTerm(term, context)))];
        Tensor total = values
            .Where(value => value.Term.Weight > 0)
            .Select(value => value.Value.Times(value.Term.Weight))
            .Aggregate((sum, value) => sum.Plus(value));
        return new ObjectiveValue(total, values);
    }

    /// <summary>
    /// Measures how much each weighted term pulls at the student: the Euclidean norm of its gradient with respect to the student's parameters,
    /// divided by the sum of these norms over the terms.
    /// The paper's α is there "to balance the magnitude of the KL loss with respect to the other two losses"; this shows whether it does.
    /// </summary>
    /// <param name="context">A batch as in a training step, with gradient recording on.</param>
    /// <returns>The share of each term by name, from 0 to 1, adding up to 1 (all 0 where no term has a gradient).</returns>
    public IReadOnlyDictionary<string, double> MeasureGradientShares(DistillationContext context)
    {
        using var scope = NewDisposeScope();
        ObjectiveValue value = Evaluate(context);
        Parameter[] parameters = [.. context.Student.Network.Module.parameters().Where(parameter => parameter.requires_grad)];
        Dictionary<string, double> norms = value.Terms.ToDictionary(
            term => term.Term.Name,
            term => term.Term.Weight == 0 ? 0 : term.Term.Weight * GradientNorm(term.Value, parameters));
        double sum = norms.Values.Sum();
        return norms.ToDictionary(norm => norm.Key, norm => sum > 0 ? norm.Value / sum : 0);
    }

    /// <summary>Refuses networks whose decoders do not give what the losses read, before anything runs.</summary>
    /// <exception cref="ArgumentException">One does not; the message names network, term and loss.</exception>
    internal void RequireFeatures(IEncoderDecoder student, IEnumerable<(string Name, IEncoderDecoder Network)> teachers)
    {
        foreach (LossTerm term in Terms)
        {
            Require(term, null, student);
            foreach ((string name, IEncoderDecoder network) in teachers)
                Require(term, name, network);
        }

        static void Require(LossTerm term, string? teacher, IEncoderDecoder network)
        {
            foreach ((IDecoderFeatureLoss loss, string feature) in DecodedFeatures.ReadWithin(term.Loss, teacher))
            {
                if (NetworkOutput.WhyNot(network, [feature]) is string reason)
                {
                    throw new ArgumentException(
                        $"The loss '{term.Name}' ({loss.GetType().Name}) compares the features '{feature}' of decoders, but {reason}. It is "
                            + $"{(teacher is null ? "the student" : $"the teacher '{teacher}'")}: take a network that gives them, or leave the loss out.");
                }
            }
        }
    }

    /// <summary>Frees what its losses own. Disposing twice does no harm.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        // A loss may stand in several places, and a wrapper may dispose what it wraps.
        var losses = new HashSet<IDistillationLoss>(ReferenceEqualityComparer.Instance);
        Collect(this, losses);
        foreach (IDistillationLoss loss in losses)
        {
            if (loss is WeightedObjective objective)
                objective._disposed = true;
            else
                (loss as IDisposable)?.Dispose();
        }
    }

    /// <summary>Weights, names and losses of all terms: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => string.Join(" + ", Terms.Select(term => FormattableString.Invariant($"{term.Weight:R} {term.Name} ({term.Loss})")));

    private static void Collect(IDistillationLoss loss, HashSet<IDistillationLoss> losses)
    {
        if (!losses.Add(loss) || loss is not ICompositeLoss composite)
            return;
        foreach (IDistillationLoss part in composite.Parts)
            Collect(part, losses);
    }

    // Nothing is learned from a term of weight 0, so no graph is recorded for it. In a dispose scope of its own, so that what a loss
    // needs meanwhile is freed before the next one begins: for volumes that is more than the backward pass needs at any time.
    private static Tensor ComputeTerm(LossTerm term, DistillationContext context)
    {
        using var scope = NewDisposeScope();
        using IDisposable? noGradient = term.Weight == 0 ? no_grad() : null;
        Tensor value = term.Loss.Compute(context);
        return value.numel() == 1
            ? value.alias().MoveToOuterDisposeScope()
            : throw new InvalidOperationException($"The loss '{term.Name}' ({term.Loss.GetType().Name}) gave a tensor of the shape "
                + $"[{string.Join(", ", value.shape)}], but a scalar is needed: reduce it by sum or mean.");
    }

    private static double GradientNorm(Tensor loss, Parameter[] parameters)
    {
        if (!loss.requires_grad)
            return 0;
        IEnumerable<Tensor?> gradients = autograd.grad([loss], parameters, retain_graph: true, allow_unused: true);
        double squares = gradients
            .Where(gradient => gradient is not null && !gradient.IsInvalid)
            .Sum(gradient => gradient!.Squared().sum().to(ScalarType.Float64).item<double>());
        return Math.Sqrt(squares);
    }
}
