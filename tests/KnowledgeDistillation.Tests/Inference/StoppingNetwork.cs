using KnowledgeDistillation.Tests.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Inference;

/// <summary>A network that knows nothing, and cancels what runs it at its second pass.</summary>
internal sealed class StoppingNetwork(CancellationTokenSource stop, bool slices) : nn.Module(nameof(StoppingNetwork)), IEncoderDecoder
{
    public int Passes { get; private set; }

    public nn.Module Module => this;

    public IReadOnlyList<string> Modalities => ["faint"];

    public int OutputChannels => Toy.Labels.Channels;

    public int SpatialDimensions => slices ? 2 : 3;

    public EncoderOutput Encode(ModalityImages images)
    {
        if (++Passes == 2)
            stop.Cancel();
        return new EncoderOutput([images["faint"]]);
    }

    public Tensor Decode(EncoderOutput encoding) => encoding.Levels[0].repeat([1, OutputChannels, .. Enumerable.Repeat(1L, slices ? 2 : 3)]);
}
