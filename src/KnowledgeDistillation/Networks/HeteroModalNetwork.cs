using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What the networks share that work with any subset of their modalities: <see cref="Methods.Hemis.HemisUNet3D"/>, <see cref="Methods.Hved.HvedUNet3D"/>,
/// <see cref="Methods.DisentangledFusion.DisentangledFusionNet3D"/>, and each <see cref="DecodedNetwork"/>.
/// </summary>
public abstract class HeteroModalNetwork : Module, IEncoderDecoder, IOnnxExportable
{
    private readonly HeteroModalNetworkOptions _options;

    private protected HeteroModalNetwork(HeteroModalNetworkOptions options, string name)
        : base(TorchRuntime.Checked(name))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public Module Module => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities => _options.Modalities;

    /// <summary>No: any subset of at least one modality will do.</summary>
    public bool NeedsAllModalities => false;

    /// <inheritdoc/>
    public int OutputChannels => _options.OutputChannels;

    /// <summary>Every spatial size must be a multiple of 2 to the number of halvings: 8 with four levels.</summary>
    public int SizeMultiple => 1 << (_options.Levels - 1);

    /// <inheritdoc/>
    public NetworkRecipe Recipe => _options;

    /// <inheritdoc/>
    public abstract EncoderOutput Encode(ModalityImages images);

    /// <summary>
    /// What each step of the decoder gives: "last", which the last convolution reads, and "level 0" (the same) to the level above the deepest.
    /// </summary>
    public IReadOnlyList<string> DecoderFeatures => KeptFeatures.NamesOf(Levels);

    /// <inheritdoc/>
    public abstract Tensor Decode(EncoderOutput encoding);

    /// <inheritdoc/>
    public abstract DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names);

    /// <inheritdoc/>
    public abstract OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images);

    /// <summary>Number of resolutions.</summary>
    private protected int Levels => _options.Levels;
}
