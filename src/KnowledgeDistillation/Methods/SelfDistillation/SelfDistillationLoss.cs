using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.SelfDistillation;

/// <summary>
/// The self-distillation of PASSION (Shi et al. 2024) for a network that takes any subset of its modalities: with all modalities at hand it teaches itself with
/// each one of them alone. The loss is Σ_m [ w_KD β_m T² KL(σ(f_all/T) ‖ σ(f_m/T)) + w_P [d_m &gt; d̄] P_m ], where the divergence is a mean over classes and
/// voxels, P_m the prototype term of <see cref="PrototypeLoss"/> between the two, and d_m the mean absolute difference of the same similarities: a modality
/// whose d_m is above the mean d̄ lags behind, alone learns from the prototypes, and gains weight β_m by <c>PreferenceRate</c> · (d_m / d̄ − 1) in each step.
/// </summary>
/// <remarks>
/// <para>
/// It runs the network itself: once with all modalities in evaluation mode and without a gradient, and once with each modality alone in the mode that is set,
/// so a step costs as much as one with a batch as many times larger. In training mode the other losses see what the network made of a random subset.
/// </para>
/// <para>
/// The weights β stay between 0.1 and 4 before they are scaled so that their squares add up to the number of modalities; they are a buffer of
/// <see cref="Module"/>, kept in checkpoints, and move in training mode only, into which a trainer puts it. Does not grow with the volume.
/// </para>
/// </remarks>
public sealed class SelfDistillationLoss : ILearnableLoss, IDecoderFeatureLoss, IDisposable
{
    private const double SmallestDistance = 1e-12;

    private readonly IReadOnlyList<string> _modalities;
    private readonly SelfDistillationOptions _options;
    private readonly HintonLoss _divergence;
    private readonly PreferenceWeights _preference;

    /// <summary>Makes the loss.</summary>
    /// <param name="modalities">The modalities of the network.</param>
    /// <param name="options">Weights and details; null for those of the publication.</param>
    /// <param name="device">The network's device; null for the CPU.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is no modality; the message lists every fault.</exception>
    public SelfDistillationLoss(IReadOnlyList<string> modalities, SelfDistillationOptions? options = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(modalities);
        (_modalities, _options) = ([.. modalities], options ?? new SelfDistillationOptions());
        new OptionFaults(nameof(SelfDistillationLoss))
            .Require(_modalities.Count > 0, "At least one modality is needed.")
            .Include(nameof(options), _options.Faults())
            .ThrowIfAny();
        TorchRuntime.EnsureAvailable();
        _divergence = new HintonLoss(new HintonOptions { Temperature = _options.Temperature });
        _preference = new PreferenceWeights(_modalities.Count, _options.PreferenceRate);
        if (device is not null)
            _preference.to(device);
    }

    /// <summary>Holds the weights β of the modalities, one buffer, in the order of the modalities.</summary>
    public nn.Module Module => _preference;

    /// <inheritdoc/>
    public IReadOnlyList<string> StudentFeatures => [_options.Features];

    /// <summary>None: the network is its own teacher.</summary>
    public IReadOnlyList<string> TeacherFeatures => [];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The network needs all modalities, has others, or gives no such features;
    /// or the batch holds none of them.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        IEncoderDecoder network = context.Student.Network;
        if (network.NeedsAllModalities || !network.Modalities.SequenceEqual(_modalities, StringComparer.Ordinal))
        {
            throw new ArgumentException(
                $"{nameof(SelfDistillationLoss)} was made for a network that takes any subset of {string.Join(", ", _modalities)}, "
                    + $"but {network.GetType().Name} "
                    + $"needs {(network.NeedsAllModalities ? "all of" : "some of")} {string.Join(", ", network.Modalities)}.",
                nameof(context));
        }

        string[] atHand = [.. _modalities.Where(context.Batch.Images.Contains)];
        if (atHand.Length == 0)
            throw new ArgumentException($"The batch holds none of the modalities {string.Join(", ", _modalities)}.", nameof(context));
        NetworkOutput all = OfAll(network, context.Batch.Images.Only(atHand));
        Dictionary<string, NetworkOutput> alone = atHand.ToDictionary(
            name => name, name => Of(network, context.Batch.Images.Only(name)), StringComparer.Ordinal);
        if (context.IgnoredVoxels is { } ignored)
        {
            all = Silence(all);
            alone = alone.ToDictionary(output => output.Key, output => Silence(output.Value), StringComparer.Ordinal);

            NetworkOutput Silence(NetworkOutput output) => output with { Logits = context.Labels.Silence(output.Logits, ignored) };
        }

        return Compute(alone, all, context.Target, context.Labels, context.IgnoredVoxels, context.OverCountedVoxels);
    }

    /// <summary>Computes the loss from outputs, for a training loop of your own.</summary>
    /// <param name="alone">What the network made of each modality alone, by its name, with the features that the options name.</param>
    /// <param name="all">What it made of all of them; no gradient flows into it.</param>
    /// <param name="target">The reference, zeros and ones [N, K, spatial...] (<see cref="LabelScheme.Encode(Tensor)"/>).</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>A scalar, at least 0 up to rounding.</returns>
    /// <exception cref="ArgumentException">A name is not a modality of the loss, features are missing, or shapes differ.</exception>
    public Tensor Compute(IReadOnlyDictionary<string, NetworkOutput> alone, NetworkOutput all, Tensor target, LabelScheme labels)
    {
        ArgumentNullException.ThrowIfNull(alone);
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(labels);
        if (alone.Count == 0 || alone.Keys.Except(_modalities, StringComparer.Ordinal).Any())
        {
            throw new ArgumentException(
                $"Outputs of some of the modalities {string.Join(", ", _modalities)} are needed, but there are: {string.Join(", ", alone.Keys)}.",
                nameof(alone));
        }

        return Compute(alone, all, target, labels, null, average => average);
    }

    /// <inheritdoc/>
    public void Dispose() => _preference.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(SelfDistillationLoss)} {string.Join(' ', _modalities)} {JsonSerializer.Serialize(_options)}";

    private Tensor Compute(
        IReadOnlyDictionary<string, NetworkOutput> alone,
        NetworkOutput all,
        Tensor target,
        LabelScheme labels,
        Tensor? ignored,
        Func<Tensor, Tensor> overCounted)
    {
        (string Name, int Index)[] compared =
            [.. _modalities.Select((name, index) => (name, index)).Where(modality => alone.ContainsKey(modality.name))];
        foreach (NetworkOutput output in alone.Values.Prepend(all))
            LossShapes.RequireGridOf(target, Features(output));
        var prototypes = new ClassPrototypes(target, ignored);
        Tensor taught = prototypes.Similarity(Features(all).detach());
        Tensor[] predictions =
            [.. compared.Select(modality => overCounted(_divergence.Compute(alone[modality.Name].Logits, all.Logits, labels)).Over(labels.Channels))];
        Tensor[] differences = [.. compared.Select(modality => prototypes.Similarity(Features(alone[modality.Name])) - taught)];
        Tensor distance = stack([.. differences.Select(difference => prototypes.Mean(difference.detach().abs()).mean())]);
        Tensor preference = (distance / distance.mean().AtLeast(SmallestDistance)).Minus(1);
        Tensor lags = preference.IsAbove(0).to(distance.dtype);
        Tensor weights = stack([.. compared.Select(modality => _preference.Weights[modality.Index])]).to(distance.dtype);
        Tensor loss = (weights * stack(predictions)).sum().Times(_options.PredictionWeight)
            .Plus((lags * stack([.. differences.Select(difference => prototypes.Mean(difference.Squared()).mean())])).sum().Times(_options.PrototypeWeight));
        // After their use, so that a step is computed with the weights that the step before has left.
        using Tensor notCompared = zeros_like(preference[0]);
        _preference.Follow(stack([.. _modalities.Select(name => Array.FindIndex(compared, modality => modality.Name == name) is var position and >= 0
            ? preference[position] : notCompared)]));
        return loss;
    }

    private Tensor Features(NetworkOutput output) => DecodedFeatures.Of(output, "network", _options.Features, nameof(SelfDistillationLoss));

    private NetworkOutput Of(IEncoderDecoder network, ModalityImages images) => NetworkOutput.Of(network, images, [_options.Features]);

    // In training mode a network would see a random subset.
    private NetworkOutput OfAll(IEncoderDecoder network, ModalityImages images)
    {
        using IDisposable noGradient = no_grad();
        bool training = network.Module.training;
        network.Module.eval();
        try
        {
            return Of(network, images);
        }
        finally
        {
            network.Module.train(training);
        }
    }
}
