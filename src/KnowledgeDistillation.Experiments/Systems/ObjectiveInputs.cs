using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>What an objective is made from.</summary>
/// <param name="Weights">Its weights.</param>
/// <param name="Modalities">The modalities that the network sees.</param>
/// <param name="Teachers">The number of teachers.</param>
/// <param name="SpatialDimensions">3 for volumes, 2 for slices.</param>
/// <param name="Device">Where losses that learn have their parameters.</param>
/// <param name="ReferenceLoss">How methods of other papers compare with the reference.</param>
/// <param name="SoftTargetDice">The Dice with which KD-Net compares with the soft targets.</param>
public sealed record ObjectiveInputs(DistillationWeights Weights, IReadOnlyList<string> Modalities, int Teachers, int SpatialDimensions, Device Device,
    ReferenceChoice ReferenceLoss = ReferenceChoice.KDNet, DiceForm SoftTargetDice = DiceForm.Linear)
{
    private readonly Lazy<IReadOnlyList<int>> _encoderWidths = new(() => [30, 60, 120, 240, 480]);

    /// <summary>
    /// Number of channels of each level of the network's encoder, shallowest first, bottleneck last, for losses that have parameters of their own for them.
    /// Default: those of the paper's network.
    /// </summary>
    public IReadOnlyList<int> EncoderWidths
    {
        get => _encoderWidths.Value;
        init => _encoderWidths = new Lazy<IReadOnlyList<int>>(value);
    }

    /// <summary>What the output channels of the network are. Default: the classes of BraTS.</summary>
    public LabelScheme Classes { get; init; } = BraTSRegions.Classes;

    /// <summary>
    /// How many channels the last convolutions of student and teacher read, for losses whose layers depend on it; 1 where there are no networks yet.
    /// </summary>
    public Func<(int Student, int Teacher)> LastWidths { get; init; } = () => (1, 1);

    /// <summary>The inputs for the objective of a system with some settings.</summary>
    /// <param name="system">The system.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="modality">The modality that is at hand.</param>
    /// <param name="teachers">The number of teachers.</param>
    /// <param name="device">Where losses that learn have their parameters.</param>
    public static ObjectiveInputs Of(SegmentationSystem system, ExperimentSettings settings, string modality, int teachers, Device device) =>
        new(system.WeightsWith(settings), system.Modalities(settings, modality), teachers, settings.SpatialDimensions, device, settings.ReferenceLoss,
            settings.SoftTargetDice)
        {
            Classes = settings.Classes,
            // A network is built to find them, and few losses ask.
            MeasuredWidths = new Lazy<IReadOnlyList<int>>(() => NetworkWidths.Of(system.Recipe(settings, modality))),
        };

    /// <summary>The same inputs, for these networks.</summary>
    /// <param name="student">The network that learns.</param>
    /// <param name="teachers">Those that it learns from.</param>
    public ObjectiveInputs For(IEncoderDecoder student, IEnumerable<IEncoderDecoder> teachers)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teachers);
        return this with { LastWidths = () => (LastWidth(student), teachers.Select(LastWidth).FirstOrDefault(1)) };
    }

    private Lazy<IReadOnlyList<int>> MeasuredWidths
    {
        init => _encoderWidths = value;
    }

    /// <summary>λ, of systems that have it.</summary>
    public double Lambda => Weights.Lambda!.Value;

    /// <summary>T, of systems that have it.</summary>
    public double Temperature => Weights.Temperature!.Value;

    /// <summary>α, of systems that have it.</summary>
    public double Alpha => Weights.Alpha!.Value;

    // Only a pass shows it: a network is seen as any other, and need not be one of the library's.
    private static int LastWidth(IEncoderDecoder network)
    {
        if (!network.DecoderFeatures.Contains(DecoderFeatureNames.Last, StringComparer.Ordinal))
            return 1;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Device device = network.Module.parameters().First().device;
        long[] size = [.. Enumerable.Repeat(2L * network.SizeMultiple, network.SpatialDimensions)];
        bool training = network.Module.training;
        network.Module.eval();
        try
        {
            var images = new ModalityImages(network.Modalities.Select(name => KeyValuePair.Create(name, zeros([1, 1, .. size], device: device))));
            return (int)NetworkOutput.Of(network, images, [DecoderFeatureNames.Last]).DecoderFeature(DecoderFeatureNames.Last).shape[1];
        }
        finally
        {
            network.Module.train(training);
        }
    }
}
