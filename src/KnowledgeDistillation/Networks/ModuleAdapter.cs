using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// Makes an <see cref="IEncoderDecoder"/> of any TorchSharp module that maps [N, C, spatial...] to logits: the output of one of its sub-modules,
/// chosen by name, is the bottleneck, and those of others may be the levels above it.
/// </summary>
/// <remarks>
/// <para>
/// <see cref="Encode"/> runs the whole module and keeps its result for <see cref="Decode"/>, because such a module cannot be cut in two. Owns the module.
/// </para>
/// <para>
/// TorchSharp calls hooks on <c>call</c>, not on <c>forward</c>: the module must run each named sub-module by <c>call</c>, and exactly once per pass.
/// A tensor that no sub-module gives gets a name when the module passes it through an <c>Identity</c>.
/// </para>
/// </remarks>
public sealed class ModuleAdapter : IEncoderDecoder, IOnnxExportable
{
    private readonly nn.Module<Tensor, Tensor> _module;
    private readonly string[] _levels;
    private readonly Dictionary<string, string> _decoderFeatures;
    private readonly List<Action> _removeHooks = [];
    private Dictionary<string, Tensor>? _captured;

    /// <summary>Wraps a module.</summary>
    /// <param name="module">The module. Where this throws, it still belongs to the caller.</param>
    /// <param name="modalities">The modalities that it sees, in the order of its input channels.</param>
    /// <param name="outputChannels">Number of output channels.</param>
    /// <param name="bottleneck">The name of the sub-module whose output is the bottleneck, as in <c>named_modules()</c>:
    /// "encoder.3" for one within another.</param>
    /// <param name="sizeMultiple">Every spatial size of an input must be a multiple of this number. Default 1.</param>
    /// <param name="levels">The names of the sub-modules whose outputs are the levels above the bottleneck, shallowest first,
    /// for losses that compare features there; null for none.</param>
    /// <param name="recipe">How to build this network again, so that a checkpoint can be opened without the code that trained it;
    /// null where only the caller can.</param>
    /// <param name="spatialDimensions">Number of spatial axes of its images: 3 (the default) for volumes, 2 for slices.</param>
    /// <param name="decoderFeatures">The names of the sub-modules whose outputs are features of the decoder, by the name under which losses ask for them, for
    /// example <see cref="DecoderFeatureNames.Last"/> for what the last convolution reads; null for none. Each is copied in every pass.</param>
    /// <exception cref="ArgumentException">There is no such sub-module that maps one tensor to one, or a name is given twice.</exception>
    public ModuleAdapter(
        nn.Module<Tensor, Tensor> module,
        IReadOnlyList<string> modalities,
        int outputChannels,
        string bottleneck,
        int sizeMultiple = 1,
        IReadOnlyList<string>? levels = null,
        NetworkRecipe? recipe = null,
        int spatialDimensions = 3,
        IReadOnlyDictionary<string, string>? decoderFeatures = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(modalities);
        ArgumentNullException.ThrowIfNull(bottleneck);
        if (modalities.Count == 0)
            throw new ArgumentException("At least one modality is needed.", nameof(modalities));
        ArgumentOutOfRangeException.ThrowIfLessThan(outputChannels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeMultiple, 1);
        if (spatialDimensions is not (2 or 3))
            throw new ArgumentOutOfRangeException(nameof(spatialDimensions), spatialDimensions, "A network sees slices (2) or volumes (3).");
        (_module, Modalities, OutputChannels, SizeMultiple, SpatialDimensions, Recipe) =
            (module, [.. modalities], outputChannels, sizeMultiple, spatialDimensions, recipe);
        _levels = [.. levels ?? [], bottleneck];
        _decoderFeatures = new Dictionary<string, string>(decoderFeatures ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        if (_levels.Distinct(StringComparer.Ordinal).Count() < _levels.Length)
        {
            throw new ArgumentException(
                $"Each sub-module can be one level only, but the levels are {string.Join(", ", _levels)}, the last being the bottleneck.", nameof(levels));
        }

        (string name, nn.Module module)[] candidates = [.. module.named_modules().Where(named => named.module is nn.Module<Tensor, Tensor>)];
        string[] captured = [.. _levels.Concat(_decoderFeatures.Values).Distinct(StringComparer.Ordinal)];
        string[] missing = [.. captured.Except(candidates.Select(named => named.name), StringComparer.Ordinal)];
        if (missing.Length > 0)
        {
            throw new ArgumentException(
                $"The module {module.GetName()} has no sub-module '{string.Join("', '", missing)}' that maps one tensor to one; "
                    + $"it has: {string.Join(", ", candidates.Select(named => named.name))}.",
                missing.Contains(bottleneck, StringComparer.Ordinal) ? nameof(bottleneck)
                    : missing.Intersect(_levels, StringComparer.Ordinal).Any() ? nameof(levels) : nameof(decoderFeatures));
        }

        foreach (string name in captured)
        {
            var chosen = (nn.Module<Tensor, Tensor>)candidates.First(named => named.name == name).module;
            _removeHooks.Add(chosen.register_forward_hook((_, _, output) =>
            {
                Capture(name, output);
                return output;
            }).remove);
        }
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
    public int SpatialDimensions { get; }

    /// <inheritdoc/>
    public NetworkRecipe? Recipe { get; }

    /// <summary>The names that were given for sub-modules of the decoder.</summary>
    public IReadOnlyList<string> DecoderFeatures => [.. _decoderFeatures.Keys];

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A named sub-module did not run, ran more than once, or was run by <c>forward</c>.</exception>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        Tensor input = images.Concatenate(Modalities);
        Dictionary<string, Tensor> captured = new(StringComparer.Ordinal);
        _captured = captured;
        try
        {
            Tensor logits = _module.call(input);
            if (_levels.Concat(_decoderFeatures.Values).FirstOrDefault(name => !captured.ContainsKey(name)) is string absent)
            {
                string what = absent == _levels[^1] ? "is no bottleneck" : _levels.Contains(absent) ? "is no such level" : "are no such features of a decoder";
                throw new InvalidOperationException($"The sub-module '{absent}' did not run, or was run by forward instead of call, so there {what}.");
            }

            return new WholePass(
                [.. _levels.Select(level => captured[level])],
                logits,
                _decoderFeatures.ToDictionary(feature => feature.Key, feature => captured[feature.Value], StringComparer.Ordinal));
        }
        finally
        {
            _captured = null;
        }
    }

    /// <inheritdoc/>
    public Tensor Decode(EncoderOutput encoding) => Own(encoding).Logits.alias();

    /// <inheritdoc/>
    public DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) => new(Decode(encoding), Own(encoding).DecoderFeatures);

    /// <summary>Null: only the module knows how many channels an image of a modality has.</summary>
    public int? ImageChannels(string modality) => null;

    /// <inheritdoc/>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        return graph.Apply(_module, graph.Concatenate([.. Modalities.Select(name => images[name])]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Action remove in _removeHooks)
            remove();
        _removeHooks.Clear();
        _module.Dispose();
    }

    // Another adapter of the same module, or the user, may run the module too: only a pass of this adapter counts.
    private void Capture(string name, Tensor output)
    {
        if (_captured is null)
            return;
        // A copy, because an activation that works in place may follow.
        if (!_captured.TryAdd(name, output.clone()))
        {
            throw new InvalidOperationException($"The sub-module '{name}' runs more than once in a pass, so it is not clear which of its outputs is meant: "
                + "pass the right one through an Identity of its own and name that.");
        }
    }

    private static WholePass Own(EncoderOutput encoding) =>
        encoding as WholePass ?? throw new ArgumentException("This encoding comes from another network.", nameof(encoding));

    private sealed class WholePass(IReadOnlyList<Tensor> levels, Tensor logits, IReadOnlyDictionary<string, Tensor> decoderFeatures) : EncoderOutput(levels)
    {
        public Tensor Logits { get; } = logits;

        public IReadOnlyDictionary<string, Tensor> DecoderFeatures { get; } = decoderFeatures;

        public override EncoderOutput Detach() => new WholePass(
            [.. Levels.Select(level => level.detach())],
            Logits.detach(),
            DecoderFeatures.ToDictionary(feature => feature.Key, feature => feature.Value.detach(), StringComparer.Ordinal));
    }
}
