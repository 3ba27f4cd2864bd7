using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What the networks share that work with any subset of their modalities: <see cref="Methods.Hemis.HemisUNet3D"/>, <see cref="Methods.Hved.HvedUNet3D"/>
/// and <see cref="Methods.DisentangledFusion.DisentangledFusionNet3D"/>.
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

    /// <summary>The features that <see cref="DecodeWithFeatures"/> can give, by the names of <see cref="DecoderFeatureNames"/>; none by default.</summary>
    public virtual IReadOnlyList<string> DecoderFeatures => [];

    /// <inheritdoc/>
    public abstract Tensor Decode(EncoderOutput encoding);

    /// <inheritdoc/>
    public virtual DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        new(Decode(encoding), new Dictionary<string, Tensor>());

    /// <inheritdoc/>
    public abstract OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images);

    /// <summary>Number of resolutions.</summary>
    private protected int Levels => _options.Levels;
}
