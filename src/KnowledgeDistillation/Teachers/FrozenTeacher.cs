using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Teachers;

/// <summary>
/// A trained network that teaches and does not learn: its parameters take no gradient, it runs in evaluation mode and without recording a graph,
/// and a fit leaves its parameters and buffers as they were, bit by bit (KD-Net, section 2: "the weights of the Teacher are frozen").
/// </summary>
/// <remarks>The network still belongs to the caller, who disposes it. Not safe for use by several threads at once.</remarks>
public sealed class FrozenTeacher
{
    private readonly TeacherCache? _cache;

    /// <summary>Freezes a network.</summary>
    /// <param name="network">A trained network. Its parameters will no longer take a gradient.</param>
    /// <param name="name">A name that tells several teachers apart.</param>
    /// <param name="cache">Where the network's outputs are kept, so that it runs once only on an image that it has seen;
    /// null (the default) to run it each time.</param>
    /// <exception cref="ArgumentException">An option of the cache is out of range.</exception>
    public FrozenTeacher(IEncoderDecoder network, string name = "teacher", TeacherCacheOptions? cache = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        cache?.Validate();
        TorchRuntime.EnsureAvailable();
        (Network, Name) = (network, name);
        _cache = cache is null ? null : new TeacherCache(network, cache);
        foreach (Parameter parameter in network.Module.parameters())
            parameter.requires_grad_(false);
        network.Module.eval();
    }

    /// <summary>The network.</summary>
    public IEncoderDecoder Network { get; }

    /// <summary>The name that tells several teachers apart.</summary>
    public string Name { get; }

    /// <summary>Runs the network on the modalities it knows.</summary>
    /// <param name="batch">A batch that holds all modalities of the teacher, on the teacher's device.</param>
    /// <param name="decoderFeatures">The features of its decoder that are needed, some of its <see cref="IEncoderDecoder.DecoderFeatures"/>;
    /// null (the default) for none. A cache stores them beside the rest.</param>
    /// <returns>Its output, through which no gradient flows. From a cache, the logits and the features of the decoder have gone through float16,
    /// whether they were in it already or not.</returns>
    /// <exception cref="ArgumentException">The batch lacks a modality, or the decoder gives no features of such a name.</exception>
    /// <exception cref="InvalidOperationException">There is a cache, but the network's encoder gives more than features, which a cache cannot keep.</exception>
    public NetworkOutput Forward(Batch batch, IReadOnlyList<string>? decoderFeatures = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        // Someone may have called train() on a module that shares parts with this one.
        Network.Module.eval();
        // Not inference_mode: tensors made in it cannot take part in the student's backward pass.
        using IDisposable noGradient = no_grad();
        return _cache?.Forward(batch.Images, batch.ContentIds, decoderFeatures) ?? NetworkOutput.Of(Network, batch.Images, decoderFeatures);
    }

    /// <summary>Fills the cache ahead of a fit: runs the network on the batches of an epoch that are not in it yet.</summary>
    /// <param name="source">Batches of the images that the fit will see, in every form in which it will see them.
    /// Batches larger than the fit's make use of more of the processor.</param>
    /// <param name="precision">The precision in which the fit will compute. Default <see cref="Precision.Fastest"/>,
    /// as in <see cref="Training.TrainingOptions"/>.</param>
    /// <param name="decoderFeatures">The features of its decoder that the fit will need
    /// (<see cref="Losses.WeightedObjective.TeacherFeatures"/>); null (the default) for none.</param>
    /// <param name="cancellationToken">Stops between two batches; what was done is kept.</param>
    /// <exception cref="ArgumentException">The decoder gives no features of such a name.</exception>
    /// <exception cref="InvalidOperationException">There is no cache.</exception>
    public void FillCache(
        IBatchSource source,
        Precision precision = Precision.Fastest,
        IReadOnlyList<string>? decoderFeatures = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (_cache is null)
            throw new InvalidOperationException($"The teacher '{Name}' has no cache to fill: give it {nameof(TeacherCacheOptions)}.");
        Device device = Network.Module.parameters().First().device;
        using ComputePrecision.Scope scope = ComputePrecision.Use(precision, device);
        foreach (Batch hostBatch in source.ReadEpoch(0))
        {
            using (hostBatch)
            using (NewDisposeScope())
            using (Batch batch = hostBatch.To(device))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Forward(batch, decoderFeatures);
            }
        }
    }

    /// <summary>Refuses a student that is this very network.</summary>
    internal void CheckIsNot(IEncoderDecoder student)
    {
        if (ReferenceEquals(Network, student) || ReferenceEquals(Network.Module, student.Module))
        {
            throw new ArgumentException($"The network of the teacher '{Name}' is the student itself; a network cannot be frozen and trained at once. "
                + "Load or build a second network for the teacher.");
        }
    }
}
