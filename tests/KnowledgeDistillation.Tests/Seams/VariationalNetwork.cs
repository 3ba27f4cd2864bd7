using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>
/// One encoder per modality. Each gives a normal distribution over the bottleneck; their product, from which the bottleneck
/// is drawn, needs only the modalities at hand.
/// </summary>
internal sealed class VariationalNetwork : Module, IEncoderDecoder
{
    private const int Width = 4;

    private readonly ModuleDict<Module<Tensor, Tensor>> encoders;
    private readonly Module<Tensor, Tensor> decoder;

    public VariationalNetwork(IReadOnlyList<string> modalities, int outputChannels)
        : base(nameof(VariationalNetwork))
    {
        Modalities = modalities;
        OutputChannels = outputChannels;
        encoders = ModuleDict(
            [
                .. modalities.Select(name =>
                    (name, (Module<Tensor, Tensor>)Sequential(Conv3d(1, 8, 3, stride: 2, padding: 1), LeakyReLU(0.01), Conv3d(8, 2 * Width, 3, padding: 1)))),
            ]);
        decoder = Sequential(ConvTranspose3d(Width, 8, 2, stride: 2), LeakyReLU(0.01), Conv3d(8, outputChannels, 3, padding: 1));
        RegisterComponents();
    }

    public Module Module => this;

    public IReadOnlyList<string> Modalities { get; }

    public int OutputChannels { get; }

    public int SizeMultiple => 2;

    public bool NeedsAllModalities => false;

    public EncoderOutput Encode(ModalityImages images)
    {
        // A standard normal prior takes part in the product, so that it stays proper with a single modality.
        Tensor precision = ones(1, device: images.Device);
        Tensor weightedMean = zeros(1, device: images.Device);
        foreach (string name in Modalities.Where(images.Contains))
        {
            Tensor[] parameters = encoders[name].call(images[name]).chunk(2, 1);
            Tensor expertPrecision = (-parameters[1]).exp();
            precision = precision + expertPrecision;
            weightedMean = weightedMean + (parameters[0] * expertPrecision);
        }

        if (precision.dim() == 1)
        {
            throw new ArgumentException(
                $"At least one of the modalities {string.Join(", ", Modalities)} is needed; there are: {string.Join(", ", images.Names)}.", nameof(images));
        }

        Tensor mean = weightedMean / precision;
        Tensor logVariance = -precision.log();
        Tensor sample = training ? mean + (randn_like(mean) * (logVariance / 2).exp()) : mean;
        return new VariationalEncoderOutput(sample, mean, logVariance);
    }

    public Tensor Decode(EncoderOutput encoding) => decoder.call(encoding.Bottleneck);
}
