using System.Reflection;
using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Consistency;
using KnowledgeDistillation.Methods.DeMoSeg;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.GeneralizedDistillation;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.MmFormer;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Methods.RFNet;
using KnowledgeDistillation.Methods.SelfDistillation;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Methods.StyleMatching;
using KnowledgeDistillation.Methods.Synthesis;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>Every default of every option in one place: a changed default changes what users' results mean, so it must be changed here too.</summary>
public class OptionDefaultsTests
{
    private static readonly string[] OneModality = ["t1ce"];
    private static readonly int[] Two = [1, 1];
    private static readonly int[] BasicUNetFeatures = [32, 32, 64, 128, 256, 32];
    private static readonly int[][] TwoLists = [Two, Two];
    private static readonly long[] Window = [64, 64, 64];
    private static readonly UNet3DOptions OneUNet = new() { Modalities = OneModality, OutputChannels = 4 };

    private static readonly Dictionary<object, Dictionary<string, object?>> Expected = new(ReferenceEqualityComparer.Instance)
    {
        [new SoftDiceOptions()] = new() { ["Form"] = DiceForm.Linear, ["Smooth"] = 1e-5, ["IncludeBackground"] = false, ["WholeBatch"] = false },
        [new SoftTargetOptions()] = new()
        {
            ["Temperature"] = 5.0,
            ["TemperatureOnStudent"] = false,
            ["ScaleBySquaredTemperature"] = false,
            ["SoftCrossEntropy"] = false,
            ["Dice"] = new SoftDiceOptions(),
            ["Reduction"] = BatchReduction.Mean,
        },
        [new BottleneckOptions()] =
            new() { ["Normalization"] = BottleneckNormalization.Softmax, ["LevelsAboveBottleneck"] = 0, ["Reduction"] = BatchReduction.Mean },
        [new KDNetObjectiveOptions()] = new()
        {
            ["Lambda"] = 0.75,
            ["Alpha"] = 10.0,
            ["SoftTargets"] = new SoftTargetOptions(),
            ["Bottleneck"] = new BottleneckOptions(),
            ["ReferenceDice"] = new SoftDiceOptions(),
            ["ReferenceReduction"] = BatchReduction.Mean,
        },
        [new HintonOptions()] = new() { ["Temperature"] = 4.0, ["ScaleBySquaredTemperature"] = true, ["Reduction"] = BatchReduction.Mean },
        [new HintonObjectiveOptions()] = new() { ["TeacherWeight"] = 0.5, ["SoftTargets"] = new HintonOptions(), ["ReferenceReduction"] = BatchReduction.Mean },
        [new PrototypeOptions()] = new() { ["StudentFeatures"] = "last", ["TeacherFeatures"] = "last", ["Reduction"] = BatchReduction.Mean },
        [new PrototypeDistillationObjectiveOptions()] = new()
        {
            ["TeacherWeight"] = 10.0,
            ["PrototypeWeight"] = 0.1,
            ["SoftTargets"] = new HintonOptions { Temperature = 10, ScaleBySquaredTemperature = false },
            ["Prototypes"] = new PrototypeOptions(),
        },
        [new PrivilegedTargetOptions()] = new() { ["Temperature"] = 10.0 },
        [new ContrastivePairOptions()] = new() { ["Dimension"] = 16, ["Margin"] = 1.0, ["StudentFeatures"] = "last", ["TeacherFeatures"] = "last" },
        [new PrivilegedKnowledgeObjectiveOptions()] =
            new() { ["TeacherWeight"] = 0.5, ["ContrastiveWeight"] = 0.5, ["Targets"] = new PrivilegedTargetOptions() },
        [new SelfDistillationOptions()] = new()
        {
            ["PredictionWeight"] = 0.5,
            ["PrototypeWeight"] = 0.1,
            ["Temperature"] = 4.0,
            ["PreferenceRate"] = 1e-4,
            ["Features"] = "last",
        },
        [new ImitationOptions()] = new() { ["Temperature"] = 5.0, ["Reduction"] = BatchReduction.Mean },
        [new GeneralizedDistillationObjectiveOptions()] =
            new() { ["Lambda"] = 0.75, ["SoftTargets"] = new ImitationOptions(), ["ReferenceReduction"] = BatchReduction.Mean },
        [new PairWiseOptions()] = new() { ["LevelsAboveBottleneck"] = 0, ["PatchLength"] = 1, ["MaximumNodes"] = 512, ["Reduction"] = BatchReduction.Mean },
        [new HolisticOptions()] =
            new() { ["SpatialDimensions"] = 3, ["Width"] = 16, ["StridedConvolutions"] = 4, ["LearningRate"] = 1e-4, ["GradientPenalty"] = 10.0 },
        [new StructuredDistillationObjectiveOptions()] = new()
        {
            ["PixelWiseWeight"] = 10.0,
            ["PairWiseWeight"] = 0.5,
            ["HolisticWeight"] = 0.1,
            ["PairWise"] = new PairWiseOptions(),
            ["Reduction"] = BatchReduction.Mean,
        },
        [new FirstOrderConsistencyOptions()] = new() { ["Neighborhood"] = Neighborhood.Corners, ["Reduction"] = BatchReduction.Mean },
        [new ConsistencyObjectiveOptions()] = new()
        {
            ["ZeroOrderWeight"] = 1.0,
            ["FirstOrderWeight"] = 1.0,
            ["FirstOrder"] = new FirstOrderConsistencyOptions(),
            ["Reduction"] = BatchReduction.Mean,
        },
        [new CoTrainingConsistencyOptions()] = new() { ["Distance"] = ConsistencyDistance.SquaredError, ["Reduction"] = BatchReduction.Mean },
        [new EntropyAdversarialOptions()] = new() { ["Width"] = 64, ["StridedConvolutions"] = 5, ["LearningRate"] = 1e-4 },
        [new KnowledgeAdversarialOptions()] = new() { ["LevelsAboveBottleneck"] = 0, ["Width"] = 256, ["LearningRate"] = 1e-4 },
        [new ModalityMutualInformationOptions()] = new() { ["LevelsAboveBottleneck"] = 0, ["FirstVariance"] = 5.0 },
        [new AdversarialCoTrainingObjectiveOptions()] = new()
        {
            ["StudentShare"] = 0.8,
            ["ConsistencyWeight"] = 10.0,
            ["ConsistencyRampUpEpochs"] = 20,
            ["EntropyWeight"] = 0.001,
            ["KnowledgeWeight"] = 0.0002,
            ["MutualInformationWeight"] = 0.5,
            ["Consistency"] = new CoTrainingConsistencyOptions(),
            ["Entropy"] = new EntropyAdversarialOptions(),
            ["Knowledge"] = new KnowledgeAdversarialOptions(),
            ["MutualInformation"] = new ModalityMutualInformationOptions(),
        },
        [new ContentMatchingOptions()] = new() { ["LevelsAboveBottleneck"] = 0, ["Reduction"] = BatchReduction.Mean },
        [new StyleMatchingOptions()] = new() { ["DeepestLevels"] = 3, ["Reduction"] = BatchReduction.Mean },
        [new StyleAdversarialOptions()] = new() { ["DeepestLevels"] = 3, ["Width"] = 64, ["StridedConvolutions"] = 3, ["LearningRate"] = 1e-4 },
        [new StyleMatchingObjectiveOptions()] = new()
        {
            ["StudentShare"] = 0.6,
            ["ConsistencyWeight"] = 10.0,
            ["ConsistencyRampUpEpochs"] = 20,
            ["ContentWeight"] = 0.2,
            ["StyleWeight"] = 0.1,
            ["AdversarialWeight"] = 0.0002,
            ["Consistency"] = new CoTrainingConsistencyOptions(),
            ["Content"] = new ContentMatchingOptions(),
            ["Style"] = new StyleMatchingOptions(),
            ["Adversarial"] = new StyleAdversarialOptions(),
        },
        [new FeatureMatchingOptions()] = new() { ["LevelsAboveBottleneck"] = 0, ["Reduction"] = BatchReduction.Mean },
        [new AttentionTransferOptions()] = new() { ["Power"] = 2.0, ["DeepestLevels"] = null, ["Reduction"] = BatchReduction.Mean },
        [new ReconstructionOptions()] = new() { ["Distance"] = ReconstructionDistance.Squared },
        [new UNet3DOptions { Modalities = OneModality, OutputChannels = 4 }] = UNetDefaults(),
        [new UNet2DOptions { Modalities = OneModality, OutputChannels = 4 }] = UNetDefaults(),
        [new MultiResUNet3DOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["InputChannels"] = null,
            ["BaseWidth"] = 32,
            ["WidthFactor"] = 1.67,
            ["Levels"] = 5,
            ["SkipConnections"] = null,
        },
        [new PlainConvUNetOptions { Modalities = OneModality, OutputChannels = 4, Features = Two, KernelSizes = TwoLists, Strides = TwoLists }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["Features"] = Two,
            ["KernelSizes"] = TwoLists,
            ["Strides"] = TwoLists,
            ["EncoderConvolutions"] = null,
            ["DecoderConvolutions"] = null,
            ["ConvolutionBias"] = true,
        },
        [new BasicUNetOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["Features"] = BasicUNetFeatures,
            ["SpatialDimensions"] = 3,
            ["ConvolutionBias"] = true,
        },
        [new SynthesisNetworkOptions { Generator = OneUNet, Segmenter = OneUNet, SynthesizedModalities = OneModality }] = new()
        {
            ["Generator"] = OneUNet,
            ["Segmenter"] = OneUNet,
            ["SynthesizedModalities"] = OneModality,
        },
        [new HemisUNet3DOptions { Modalities = OneModality, OutputChannels = 4 }] =
            new() { ["Modalities"] = OneModality, ["OutputChannels"] = 4, ["BaseWidth"] = 8, ["Levels"] = 4 },
        [new HvedUNet3DOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["BaseWidth"] = 8,
            ["Levels"] = 4,
            ["SampleAtInference"] = false,
        },
        [new ModalitySubsetDivergenceOptions()] = new() { ["Reference"] = SubsetReference.AllModalities },
        [new HvedObjectiveOptions()] = new()
        {
            ["Dice"] = new SoftDiceOptions { Form = DiceForm.Squared, IncludeBackground = true },
            ["DivergenceWeight"] = 0.1,
            ["Divergence"] = new ModalitySubsetDivergenceOptions(),
            ["ReconstructionWeight"] = 0.1,
        },
        [new DisentangledFusionNet3DOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["BaseWidth"] = 16,
            ["Levels"] = 4,
            ["AppearanceDimension"] = 8,
        },
        [new DisentangledFusionObjectiveOptions()] = new()
        {
            ["Dice"] = new SoftDiceOptions { Form = DiceForm.Squared, IncludeBackground = true },
            ["ReconstructionWeight"] = 0.4,
            ["AppearanceWeight"] = 0.4,
        },
        [new AuxiliarySegmentationOptions()] = new() { ["Balanced"] = true, ["Dice"] = new SoftDiceOptions { IncludeBackground = true } },
        [new DeepSupervisionOptions()] =
            new() { ["Segmentation"] = new AuxiliarySegmentationOptions(), ["Grid"] = SupervisionGrid.Image, ["Decay"] = 1.0 },
        [new RFNet3DOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["BaseWidth"] = 16,
            ["Levels"] = 4,
            ["OverlappingRegions"] = false,
        },
        [new DeMoSeg3DOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["BaseWidth"] = 32,
            ["Levels"] = 6,
            ["Substitutes"] = null,
        },
        [new DeMoSegObjectiveOptions()] = new()
        {
            ["Segmentation"] = new AuxiliarySegmentationOptions { Balanced = false, Dice = new SoftDiceOptions() },
            ["LevelWeight"] = 0.875,
            ["SubstituteWeight"] = 0.1,
        },
        [new MmFormer3DOptions { Modalities = OneModality, OutputChannels = 4 }] = new()
        {
            ["Modalities"] = OneModality,
            ["OutputChannels"] = 4,
            ["BaseWidth"] = 8,
            ["Levels"] = 5,
            ["Dropout"] = 0.1,
        },
        [new MmFormerObjectiveOptions()] =
            new() { ["Segmentation"] = new AuxiliarySegmentationOptions(), ["ModalityWeight"] = 4.0, ["LevelWeight"] = 4.0 },
        [new RFNetObjectiveOptions()] =
            new() { ["Segmentation"] = new AuxiliarySegmentationOptions(), ["ModalityWeight"] = 4.0, ["MapWeight"] = 4.0 },
        [new SlidingWindowOptions { WindowSize = Window }] =
            new() { ["WindowSize"] = Window, ["Overlap"] = 0.5, ["GaussianWidth"] = 0.125, ["SkipBackground"] = false, ["Precision"] = Precision.Full },
        [new OnnxExportOptions()] = new() { ["Modalities"] = null, ["Facts"] = new Dictionary<string, string>() },
        [new SliceInferenceOptions()] = new() { ["Axis"] = 0, ["SlicesPerPass"] = 16, ["Precision"] = Precision.Full },
        [new TeacherCacheOptions()] = new() { ["MemoryBytes"] = 4L << 30, ["Folder"] = null },
        [new TrainingOptions()] = new()
        {
            ["Epochs"] = 500,
            ["LearningRate"] = null,
            ["WeightDecay"] = null,
            ["Schedule"] = new PlateauSchedule(),
            ["Optimizer"] = null,
            ["GradientClipNorm"] = null,
            ["BestEpoch"] = BestEpochRule.Loss,
            ["DiceRegions"] = null,
            ["CaseValidation"] = null,
            ["EarlyStoppingPatience"] = null,
            ["Seed"] = 0L,
            ["BatchesPerStep"] = 1,
            ["Precision"] = Precision.Fastest,
            ["GradientSharesEvery"] = 0,
            ["OutputFolder"] = null,
            ["Resume"] = false,
            ["RestoreBestWeights"] = true,
            ["Metadata"] = new Dictionary<string, string>(),
            ["Callbacks"] = Array.Empty<ITrainingCallback>(),
            ["Collective"] = null,
        },
    };

    public static IEnumerable<Type> OptionTypes => typeof(IEncoderDecoder).Assembly.GetExportedTypes()
        .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && !type.IsAbstract);

    public static TheoryData<string> Names => [.. Expected.Keys.Select(options => options.GetType().Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_default_is_the_documented_one(string name)
    {
        (object options, Dictionary<string, object?> expected) = Expected.Single(entry => entry.Key.GetType().Name == name);
        Dictionary<string, object?> found = options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(property => property.Name, property => property.GetValue(options));
        found.Keys.Should().BeEquivalentTo(expected.Keys, "a new option belongs into this test");
        foreach ((string property, object? value) in expected)
            found[property].Should().BeEquivalentTo(value, property);
    }

    [Fact]
    public void Every_type_of_options_is_in_this_test() => OptionTypes.Should().BeEquivalentTo(Expected.Keys.Select(options => options.GetType()));

    private static Dictionary<string, object?> UNetDefaults() => new()
    {
        ["Modalities"] = OneModality,
        ["OutputChannels"] = 4,
        ["InputChannels"] = null,
        ["BaseWidth"] = 30,
        ["Levels"] = 5,
        ["SkipConnections"] = null,
        ["Upsampling"] = Upsampling.Interpolation,
    };
}
