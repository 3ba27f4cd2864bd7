using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// Makes an <see cref="IEncoderDecoder"/> of any TorchSharp module that maps [N, C, spatial...] to logits: the output of one of its sub-modules, chosen by name, is the bottleneck.
/// </summary>
/// <remarks>
/// <see cref="Encode"/> runs the whole module and keeps its result for <see cref="Decode"/>, because such a module cannot be cut in two. Owns the module.
/// TorchSharp calls hooks on <c>call</c>, not on <c>forward</c>: the module must run the named sub-module by <c>call</c>.
/// </remarks>
public sealed class ModuleAdapter : IEncoderDecoder
{
    private readonly nn.Module<Tensor, Tensor> _module;
    private readonly string _bottleneck;
    private readonly Action _removeHook;
    private Tensor? _captured;

    /// <summary>Wraps a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="modalities">The modalities that it sees, in the order of its input channels.</param>
    /// <param name="outputChannels">Number of output channels.</param>
    /// <param name="bottleneck">The name of the sub-module whose output is the bottleneck, as in <c>named_modules()</c>.</param>
    /// <param name="sizeMultiple">Every spatial size of an input must be a multiple of this number. Default 1.</param>
    /// <exception cref="ArgumentException">There is no such sub-module that maps one tensor to one.</exception>
    public ModuleAdapter(nn.Module<Tensor, Tensor> module, IReadOnlyList<string> modalities, int outputChannels, string bottleneck, int sizeMultiple = 1)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(modalities);
        if (modalities.Count == 0)
            throw new ArgumentException("At least one modality is needed.", nameof(modalities));
        ArgumentOutOfRangeException.ThrowIfLessThan(outputChannels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeMultiple, 1);
        (_module, Modalities, OutputChannels, SizeMultiple, _bottleneck) = (module, [.. modalities], outputChannels, sizeMultiple, bottleneck);

        (string name, nn.Module module)[] candidates = [.. module.named_modules().Where(named => named.module is nn.Module<Tensor, Tensor>)];
        var chosen = candidates.FirstOrDefault(named => named.name == bottleneck).module as nn.Module<Tensor, Tensor>
            ?? throw new ArgumentException($"The module {module.GetName()} has no sub-module '{bottleneck}' that maps one tensor to one; it has: {string.Join(", ", candidates.Select(named => named.name))}.", nameof(bottleneck));
        _removeHook = chosen.register_forward_hook((_, _, output) =>
        {
            _captured = output.alias();
            return output;
        }).remove;
    }

    /// <inheritdoc/>
    public nn.Module Module => _module;

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities { get; }

    /// <inheritdoc/>
    public int OutputChannels { get; }

    /// <inheritdoc/>
    public int SizeMultiple { get; }

    /// <inheritdoc/>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        _captured = null;
        Tensor logits = _module.call(images.Concatenate(Modalities));
        Tensor bottleneck = _captured
            ?? throw new InvalidOperationException($"The sub-module '{_bottleneck}' did not run, or was run by forward instead of call, so there is no bottleneck.");
        _captured = null;
        return new WholePass(bottleneck, logits);
    }

    /// <inheritdoc/>
    public Tensor Decode(EncoderOutput encoding) => encoding is WholePass pass
        ? pass.Logits.alias()
        : throw new ArgumentException("This encoding comes from another network.", nameof(encoding));

    /// <inheritdoc/>
    public void Dispose()
    {
        _removeHook();
        _module.Dispose();
    }

    private sealed class WholePass(Tensor bottleneck, Tensor logits) : EncoderOutput(bottleneck)
    {
        public Tensor Logits { get; } = logits;
    }
}
