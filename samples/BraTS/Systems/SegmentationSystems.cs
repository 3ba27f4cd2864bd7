using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>All systems: what the paper proposes, compares with or mentions.</summary>
internal static class SegmentationSystems
{
    private const string KDNetPaper = "KD-Net, Hu et al. 2020";

    /// <summary>Sees all modalities and learns from the reference; the others' teacher.</summary>
    public static SegmentationSystem Teacher { get; } = new()
    {
        Name = "teacher",
        Title = "Teacher",
        Summary = "U-Net that sees all modalities, trained on the reference",
        Source = $"{KDNetPaper}; network: Isensee et al. 2018 [7]",
        Inputs = SystemInputs.AllModalities,
        Stages = [new TrainingStage(_ => Reference())],
    };

    /// <summary>Sees one modality and learns from the reference.</summary>
    public static SegmentationSystem Baseline { get; } = Teacher with
    {
        Name = "baseline",
        Title = "Baseline",
        Summary = "U-Net that sees one modality, trained on the reference (GT)",
        Inputs = SystemInputs.OneModality,
    };

    /// <summary>The paper's method.</summary>
    public static SegmentationSystem KDNet { get; } = new()
    {
        Name = "kd-net",
        Title = "KD-Net student",
        Summary = "baseline taught by soft targets and bottleneck (GT + KD + KL)",
        Source = $"{KDNetPaper}, eq. 5",
        Inputs = SystemInputs.OneModality,
        NeedsTeacher = true,
        Weights = new DistillationWeights(Lambda: 0.75, Temperature: 5, Alpha: 10),
        Stages = [new TrainingStage(inputs => KDNetTerms(inputs.Lambda, inputs.Temperature, inputs.Alpha))],
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SegmentationSystem> All { get; } =
    [
        Teacher,
        Baseline,
        KDNet,
        KDNet with
        {
            Name = "gt-kl",
            Title = "GT + KL",
            Summary = "KD-Net without soft targets",
            Source = $"{KDNetPaper}, Table 2",
            Weights = new DistillationWeights(Alpha: 10),
            Stages = [new TrainingStage(inputs => KDNetTerms(lambda: 0, temperature: 5, inputs.Alpha))],
        },
        KDNet with
        {
            Name = "gt-kd",
            Title = "GT + KD",
            Summary = "KD-Net without bottleneck loss",
            Source = $"{KDNetPaper}, Table 2",
            Weights = new DistillationWeights(Lambda: 0.75, Temperature: 5),
            Stages = [new TrainingStage(inputs => KDNetTerms(inputs.Lambda, inputs.Temperature, alpha: 0))],
        },
    ];

    /// <summary>The names of all, for the command line.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(system => system.Name)];

    /// <summary>The system of a name.</summary>
    public static SegmentationSystem Of(string name) => All.Single(system => system.Name == name);

    private static WeightedObjective Reference() => new("GT", new ReferenceLoss());

    private static WeightedObjective KDNetTerms(double lambda, double temperature, double alpha) => KDNetObjective.Create(new KDNetOptions
    {
        Lambda = lambda,
        Alpha = alpha,
        SoftTargets = new SoftTargetOptions { Temperature = temperature },
    });
}
