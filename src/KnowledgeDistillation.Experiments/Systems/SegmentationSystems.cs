using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>All systems: what the paper proposes, compares with or mentions.</summary>
internal static class SegmentationSystems
{
    private const string KDNetPaper = "Hu et al. 2020 (KD-Net)";

    // The bottleneck and the level above it.
    private const int SharedLevels = 2;

    private static readonly HvedUNet3DOptions Hved = new() { Modalities = BraTSModality.All, OutputChannels = Classes };
    private static readonly HemisUNet3DOptions Hemis = new() { Modalities = BraTSModality.All, OutputChannels = Classes };
    private static readonly DisentangledFusionNet3DOptions Disentangled = new() { Modalities = BraTSModality.All, OutputChannels = Classes };
    private static readonly HintonObjectiveOptions Hinton = new();
    private static readonly GeneralizedDistillationObjectiveOptions Generalized = new();

    /// <summary>Sees all modalities and learns from the reference; the others' teacher.</summary>
    public static SegmentationSystem Teacher { get; } = new()
    {
        Name = "teacher",
        Title = "Teacher",
        Summary = "sees all four modalities, learns from the reference (GT)",
        Source = $"{KDNetPaper}; U-Net: Isensee et al. 2018 [7]",
        Inputs = SystemInputs.AllModalities,
        Stages = [new TrainingStage(_ => Reference())],
    };

    /// <summary>Sees one modality and learns from the reference.</summary>
    public static SegmentationSystem Baseline { get; } = Teacher with
    {
        Name = "baseline",
        Title = "Baseline",
        Summary = "sees one modality, learns from the reference (GT)",
        Inputs = SystemInputs.OneModality,
    };

    /// <summary>The paper's method.</summary>
    public static SegmentationSystem KDNet { get; } = new()
    {
        Name = "kd-net",
        Title = "KD-Net student",
        Summary = "baseline that also learns the teacher's soft targets and bottleneck (GT + KL + KD)",
        Source = $"{KDNetPaper}, eq. 5",
        Inputs = SystemInputs.OneModality,
        NeedsTeacher = true,
        Weights = new DistillationWeights(Lambda: 0.75, Temperature: 5, Alpha: 10),
        Stages = [new TrainingStage(inputs => KDNetTerms(inputs, inputs.Lambda, inputs.Temperature, inputs.Alpha))],
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
            Stages = [new TrainingStage(inputs => KDNetTerms(inputs, lambda: 0, temperature: 5, inputs.Alpha))],
        },
        KDNet with
        {
            Name = "gt-kd",
            Title = "GT + KD",
            Summary = "KD-Net without bottleneck loss",
            Source = $"{KDNetPaper}, Table 2",
            Weights = new DistillationWeights(Lambda: 0.75, Temperature: 5),
            Stages = [new TrainingStage(inputs => KDNetTerms(inputs, inputs.Lambda, inputs.Temperature, alpha: 0))],
        },
        KDNet with
        {
            Name = "shared-levels",
            Title = "Shared deepest levels",
            Summary = "KD-Net with the teacher's own weights at the two deepest levels",
            Source = $"{KDNetPaper}, \"Observations\"",
            Couple = (student, teacher) => ((UShapedNetwork)student).ShareDeepestLevels(teacher, SharedLevels),
        },
        Baseline with
        {
            Name = "synthesis",
            Title = "Modality synthesis",
            Summary = "first makes FLAIR (of FLAIR: T1ce) out of its modality, then segments from both",
            Source = $"{KDNetPaper}, \"Observations\"",
            LearnsFrom = modality => [Synthesized(modality)],
            Network = Synthesis,
            Stages =
            [
                new TrainingStage(
                    _ => new WeightedObjective("synthesis", new ReconstructionLoss(new ReconstructionOptions { Distance = ReconstructionDistance.Absolute })))
                {
                    Folder = "generator",
                },
                new TrainingStage(_ => Reference()) { Prepare = network => ((SynthesisNetwork)network).FreezeGenerator() },
            ],
        },
        new()
        {
            Name = "u-hved",
            Title = "U-HVED",
            Summary = "variational encoder a modality, fused; reconstructs all modalities",
            Source = "Dorent et al. 2019 [3]",
            Inputs = SystemInputs.AnyModalities,
            LearningRate = 1e-3,
            WeightDecay = 1e-5,
            PublishedParameters = "1,250,552",
            Network = (settings, _) => Sized(settings, Hved),
            Stages = [new TrainingStage(_ => HvedObjective.Create())],
        },
        new()
        {
            Name = "u-hemis",
            Title = "U-HeMIS",
            Summary = "encoder a modality, fused by mean and variance",
            Source = "Havaei et al. 2016 [4], as published with [3]",
            Inputs = SystemInputs.AnyModalities,
            LearningRate = 1e-3,
            WeightDecay = 1e-5,
            PublishedParameters = "565,888",
            Network = (settings, _) => Sized(settings, Hemis),
            Stages = [new TrainingStage(_ => HemisObjective.Create())],
        },
        new()
        {
            Name = "disentangled",
            Title = "Disentangled fusion",
            Summary = "content and appearance code a modality, contents fused by gates; reconstructs the modalities",
            Source = "Chen et al. 2019 [2]",
            Inputs = SystemInputs.AnyModalities,
            PublishedParameters = "37,472,233, 5 classes",
            Network = (settings, _) => Sized(settings, Disentangled),
            Stages = [new TrainingStage(_ => DisentangledFusionObjective.Create())],
        },
        KDNet with
        {
            Name = "hinton",
            Title = "Hinton distillation",
            Summary = "GT, and divergence from the teacher, both softened by T",
            Source = "Hinton et al. 2015 [5]",
            Weights = new DistillationWeights(Lambda: Hinton.TeacherWeight, Temperature: Hinton.SoftTargets.Temperature),
            Stages =
            [
                new TrainingStage(inputs => OverTeachers(
                    inputs, HintonObjective.Create(
                        Hinton with { TeacherWeight = inputs.Lambda, SoftTargets = Hinton.SoftTargets with { Temperature = inputs.Temperature } }, ReferenceTerm))),
            ],
        },
        KDNet with
        {
            Name = "generalized",
            Title = "Generalized distillation",
            Summary = "GT, and cross-entropy with the teacher's soft targets",
            Source = "Lopez-Paz et al. 2016 [9]",
            Weights = new DistillationWeights(Lambda: Generalized.Lambda, Temperature: Generalized.SoftTargets.Temperature),
            Stages =
            [
                new TrainingStage(inputs => OverTeachers(
                    inputs, GeneralizedDistillationObjective.Create(
                        Generalized with { Lambda = inputs.Lambda, SoftTargets = Generalized.SoftTargets with { Temperature = inputs.Temperature } }, ReferenceTerm))),
            ],
        },
        KDNet with
        {
            Name = "structured",
            Title = "Structured distillation",
            Summary = "GT, and pixel-wise, pair-wise and (by a critic trained alongside) holistic distance from the teacher",
            Source = "Liu et al. 2019 [8]",
            Weights = new DistillationWeights(),
            Stages = [new TrainingStage(Structured)],
        },
        KDNet with
        {
            Name = "consistency",
            Title = "Consistency",
            Summary = "GT, and zero-order and first-order consistency with the teacher",
            Source = "Xie et al. 2018 [15]",
            Weights = new DistillationWeights(),
            Stages = [new TrainingStage(inputs => OverTeachers(inputs, ConsistencyObjective.Create(reference: ReferenceTerm)))],
        },
        KDNet with
        {
            Name = "feature-matching",
            Title = "Feature matching",
            Summary = "GT, and squared distance of the bottlenecks",
            Source = "Romero et al. 2015 (FitNets); weight: ours",
            Weights = new DistillationWeights(Alpha: 1),
            Stages = [new TrainingStage(inputs => WithFeatures(inputs, "features", new FeatureMatchingLoss()))],
        },
        KDNet with
        {
            Name = "attention",
            Title = "Attention transfer",
            Summary = "GT, and distance of the attention maps of all levels",
            Source = "Zagoruyko and Komodakis 2017; weight: ours",
            Weights = new DistillationWeights(Alpha: 1),
            Stages = [new TrainingStage(inputs => WithFeatures(inputs, "attention", new AttentionTransferLoss()))],
        },
    ];

    /// <summary>The names of all, for the command line.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(system => system.Name)];

    // The methods' own papers compare with the reference by cross-entropy alone, on photographs. Small tumors need a Dice term,
    // and students are to differ in nothing but what they take from the teacher.
    private static ReferenceTerm ReferenceTerm => KDNetObjective.Reference();

    private static int Classes => BraTSRegions.Classes.Channels;

    /// <summary>The system of a name.</summary>
    public static SegmentationSystem Of(string name) => All.Single(system => system.Name == name);

    private static WeightedObjective Reference() => new("GT", new ReferenceLoss());

    private static WeightedObjective KDNetTerms(ObjectiveInputs inputs, double lambda, double temperature, double alpha) =>
        OverTeachers(inputs, KDNetObjective.Create(new KDNetObjectiveOptions
        {
            Lambda = lambda,
            Alpha = alpha,
            SoftTargets = new SoftTargetOptions { Temperature = temperature },
        }));

    private static WeightedObjective WithFeatures(ObjectiveInputs inputs, string name, IDistillationLoss loss) =>
        OverTeachers(inputs, new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm(name, inputs.Alpha, loss)));

    private static WeightedObjective Structured(ObjectiveInputs inputs) => inputs.Teachers <= 1
        ? OverTeachers(
            inputs, StructuredDistillationObjective.Create(
                new HolisticLoss(BraTSRegions.Classes, inputs.Modalities, new HolisticOptions { SpatialDimensions = inputs.SpatialDimensions }, inputs.Device),
                reference: ReferenceTerm))
        : throw new ExperimentException("The critic of structured distillation learns against one teacher: give one --teacher.");

    // The reference is the same whoever teaches.
    private static WeightedObjective OverTeachers(ObjectiveInputs inputs, WeightedObjective objective) => inputs.Teachers <= 1
        ? objective
        : new WeightedObjective(
            [.. objective.Terms.Select(term => term.Name == ReferenceTerm.Name ? term : term with { Loss = new TeacherMeanLoss(term.Loss) })]);

    private static HeteroModalNetworkOptions Sized(ExperimentSettings settings, HeteroModalNetworkOptions network) =>
        network with { BaseWidth = settings.BaseWidth ?? network.BaseWidth, Levels = settings.Levels ?? network.Levels };

    private static SynthesisNetworkOptions Synthesis(ExperimentSettings settings, IReadOnlyList<string> modalities)
    {
        string synthesized = Synthesized(modalities[0]);
        return new()
        {
            Generator = settings.Recipe(modalities, outputChannels: 1),
            Segmenter = settings.Recipe([.. modalities, synthesized], Classes),
            SynthesizedModalities = [synthesized],
        };
    }

    private static string Synthesized(string modality) => modality == BraTSModality.Flair ? BraTSModality.T1ce : BraTSModality.Flair;
}
