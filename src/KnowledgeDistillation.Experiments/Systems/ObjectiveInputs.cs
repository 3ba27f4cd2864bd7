using KnowledgeDistillation.Experiments.Settings;
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
    /// <summary>What the output channels of the network are. Default: the classes of BraTS.</summary>
    public LabelScheme Classes { get; init; } = BraTSRegions.Classes;

    /// <summary>
    /// Number of channels of each level of the student's encoder, shallowest first, bottleneck last, for losses that have parameters of their own for them;
    /// those of the paper's network where there is none yet (<see cref="For"/>).
    /// </summary>
    public IReadOnlyList<int> EncoderWidths => Student is null ? [30, 60, 120, 240, 480] : FeatureWidths.OfEncoder(Student);

    /// <summary>
    /// How many channels the last convolutions of student and teacher read, for such losses; 1 where there are no networks yet (<see cref="For"/>).
    /// </summary>
    public (int Student, int Teacher) LastWidths => (LastWidth(Student), LastWidth(Teacher));

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
        };

    /// <summary>The same inputs, for these networks.</summary>
    /// <param name="student">The network that learns.</param>
    /// <param name="teachers">Those that it learns from.</param>
    public ObjectiveInputs For(IEncoderDecoder student, IEnumerable<IEncoderDecoder> teachers)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teachers);
        return this with { Student = student, Teacher = teachers.FirstOrDefault() };
    }

    /// <summary>λ, of systems that have it.</summary>
    public double Lambda => Weights.Lambda!.Value;

    /// <summary>T, of systems that have it.</summary>
    public double Temperature => Weights.Temperature!.Value;

    /// <summary>α, of systems that have it.</summary>
    public double Alpha => Weights.Alpha!.Value;

    private IEncoderDecoder? Student { get; init; }

    private IEncoderDecoder? Teacher { get; init; }

    private static int LastWidth(IEncoderDecoder? network) => network?.DecoderFeatures.Contains(DecoderFeatureNames.Last, StringComparer.Ordinal) ?? false
        ? FeatureWidths.OfDecoder(network, DecoderFeatureNames.Last)[0]
        : 1;
}
