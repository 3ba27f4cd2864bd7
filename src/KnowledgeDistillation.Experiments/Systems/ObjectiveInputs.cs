using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
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

    /// <summary>The classes of the voxels. Default: those of BraTS.</summary>
    public ExclusiveClasses Classes { get; init; } = BraTSRegions.Classes;

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
}
