using System.Text.Json.Serialization;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>
/// All that an experiment depends on, in one place. The defaults are the demo's: small enough for two cores, and large enough that all three networks learn;
/// <see cref="Paper"/> has the paper's protocol, which `kdnet train` starts from.
/// </summary>
internal sealed record ExperimentSettings
{
    /// <summary>
    /// The protocol of the paper (section 3.2); what a system's own source says of its width, learning rate and weights is left to the system.
    /// </summary>
    public static ExperimentSettings Paper { get; } = new()
    {
        CropEdge = 128,
        SubsamplingFactor = 2,
        BaseWidth = null,
        Levels = null,
        Epochs = 500,
        BatchSize = 1,
        LearningRate = null,
        PlateauPatience = 50,
        ValidationShare = 0.1,
        Lambda = null,
        Temperature = null,
        Alpha = null,
    };

    /// <summary>Fixes phantoms, folds, initial weights, order and augmentation.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Number of phantoms.</summary>
    public int PhantomCases { get; init; } = 48;

    /// <summary>Edge of the phantoms' volumes in voxels.</summary>
    public int PhantomEdge { get; init; } = 24;

    /// <summary>Standard deviation of the phantoms' noise relative to white matter.</summary>
    public double PhantomNoise { get; init; } = 0.04;

    /// <summary>Scales the difference between tumor and healthy tissue in all modalities of the phantoms.</summary>
    [JsonPropertyName("PhantomTumourContrast")]
    public double PhantomTumorContrast { get; init; } = 1;

    /// <summary>Scales how well edema shows in T1 and T1ce, which is what the student lacks.</summary>
    [JsonPropertyName("PhantomOedemaContrastInT1")]
    public double PhantomEdemaContrastInT1 { get; init; } = 1;

    /// <summary>Scales the number of vessels and lesions that look like tumor in one modality.</summary>
    public double PhantomDistractors { get; init; } = 1;

    /// <summary>How far the phantoms' reference strays from the true outline, in mm of a life-size head.</summary>
    public double PhantomReferenceError { get; init; } = 8;

    /// <summary>Edge in voxels of the original resolution to which images are cropped or padded.</summary>
    public int CropEdge { get; init; } = 24;

    /// <summary>Edge of the block of voxels that becomes one.</summary>
    public int SubsamplingFactor { get; init; } = 1;

    /// <summary>Number of folds; one of them is the test set. 1: no test set, all cases are for training and validation.</summary>
    public int Folds { get; init; } = 3;

    /// <summary>Which fold is the test set, from 1.</summary>
    public int Fold { get; init; } = 1;

    /// <summary>Share of the training part that decides about the learning rate and the best checkpoint.</summary>
    public double ValidationShare { get; init; } = 0.17;

    /// <summary>Which of the parts of that share it is, from 1.</summary>
    public int ValidationPart { get; init; } = 1;

    /// <summary>The network of the systems that have none of their own; null for the paper's U-Net.</summary>
    public NetworkKind? Network { get; init; }

    /// <summary>Channels of the network's shallowest level; null for its own default.</summary>
    public int? BaseWidth { get; init; } = 8;

    /// <summary>Number of resolutions of the network; null for its own default.</summary>
    public int? Levels { get; init; } = 4;

    /// <summary>Number of its skip connections; null for all.</summary>
    public int? SkipConnections { get; init; }

    /// <summary>Passes over the training cases.</summary>
    public int Epochs { get; init; } = 70;

    /// <summary>Cases in a batch.</summary>
    public int BatchSize { get; init; } = 2;

    /// <summary>The element type in which networks compute.</summary>
    public Precision Precision { get; init; } = Precision.Full;

    /// <summary>Learning rate of Adam; null for that of the system's source.</summary>
    public double? LearningRate { get; init; } = 2e-3;

    /// <summary>Epochs without a lower validation loss after which the learning rate is multiplied by 0.2.</summary>
    public int PlateauPatience { get; init; } = 10;

    /// <summary>Whether training cases are flipped along each axis with probability 1/2.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>λ, the weight of the teacher against the reference; null for that of the system's source.</summary>
    public double? Lambda { get; init; } = 0.75;

    /// <summary>
    /// T, the temperature of the teacher's soft targets. Chosen by measurement, with <see cref="Alpha"/>: the paper's T = 5 and α = 10 belong to 95,000 steps,
    /// and leave the student of the demo's 980 behind the baseline.
    /// </summary>
    public double? Temperature { get; init; } = 2;

    /// <summary>α, the weight of the bottleneck loss.</summary>
    public double? Alpha { get; init; } = 0.1;

    /// <summary>Every so many epochs each term's share of the student's gradient is measured; 0 for never.</summary>
    public int GradientSharesEvery { get; init; } = 5;

    // What follows from settings is internal, so that it is neither written down nor listed as one.

    /// <summary>2 where the network sees slices, 3 where it sees volumes.</summary>
    internal int SpatialDimensions => Network == NetworkKind.UNet2D ? 2 : 3;

    /// <summary>How many skip connections the network has where <see cref="SkipConnections"/> leaves out none.</summary>
    internal int AllSkipConnections => ((UShapedNetworkOptions)Recipe([BraTSModality.T1ce], BraTSRegions.Classes.Channels)).Levels - 1;

    /// <summary>What the phantoms look like.</summary>
    public BraTSPhantomOptions PhantomOptions() => new()
    {
        Seed = Seed,
        Size = VolumeSize.Cube(PhantomEdge),
        NoiseLevel = PhantomNoise,
        TumorContrast = PhantomTumorContrast,
        EdemaContrastInT1 = PhantomEdemaContrastInT1,
        Distractors = PhantomDistractors,
        ReferenceError = PhantomReferenceError,
    };

    /// <summary>How images become the input of a network.</summary>
    public PreprocessingOptions Preprocessing(IReadOnlyList<string> modalities) => new()
    {
        Modalities = modalities,
        CropSize = VolumeSize.Cube(CropEdge),
        SubsamplingFactor = SubsamplingFactor,
    };

    /// <summary>The network of these settings that sees some modalities.</summary>
    /// <param name="modalities">The modalities.</param>
    /// <param name="outputChannels">Number of its output channels.</param>
    public NetworkRecipe Recipe(IReadOnlyList<string> modalities, int outputChannels)
    {
        UShapedNetworkOptions recipe = Network switch
        {
            NetworkKind.UNet2D => new UNet2DOptions { Modalities = modalities, OutputChannels = outputChannels },
            NetworkKind.MultiResUNet => new MultiResUNet3DOptions { Modalities = modalities, OutputChannels = outputChannels },
            _ => new UNet3DOptions { Modalities = modalities, OutputChannels = outputChannels },
        };
        return recipe with { BaseWidth = BaseWidth ?? recipe.BaseWidth, Levels = Levels ?? recipe.Levels, SkipConnections = SkipConnections };
    }

    /// <summary>How a network is fitted, apart from where its files go.</summary>
    public TrainingOptions TrainingOptions(SegmentationSystem system) => new()
    {
        Epochs = Epochs,
        LearningRate = LearningRate ?? system.LearningRate,
        WeightDecay = system.WeightDecay,
        Schedule = new PlateauSchedule { Patience = PlateauPatience },
        Precision = Precision,
        Seed = Seed,
    };

    /// <summary>Refuses settings of phantoms that cannot work.</summary>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void ValidatePhantom() => Refuse(() => _ = new BraTSPhantom(PhantomOptions()));

    /// <summary>Refuses settings of the preprocessing that cannot work.</summary>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void ValidatePreprocessing() => Refuse(() => _ = new Preprocessor(Preprocessing(BraTSModality.All)));

    /// <summary>Refuses settings of a training that cannot work, before anything is read or written.</summary>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void ValidateTraining(SegmentationSystem system, string modality, int teachers)
    {
        ValidatePreprocessing();
        if (Fold > Folds)
            throw new ExperimentException($"--fold must be from 1 to {Folds} (--folds), but is {Fold}.");
        var inputs = ObjectiveInputs.Of(system, this, modality, teachers, TorchSharp.torch.CPU);
        Refuse(() =>
        {
            foreach (TrainingStage stage in system.Stages)
                ObjectiveModules.Dispose(stage.Objective(inputs));
        });
        int multiple = 1;
        Refuse(() =>
        {
            using IEncoderDecoder network = system.Recipe(this, modality).Build();
            multiple = network.SizeMultiple;
        });
        int edge = CropEdge / SubsamplingFactor;
        if (edge % multiple != 0 || edge < 2 * multiple)
        {
            throw new ExperimentException($"Images of {edge}³ voxels (--crop {CropEdge} divided by --subsample {SubsamplingFactor}) "
                + $"do not fit the network (--levels): the size must be a multiple of {multiple}, at least {2 * multiple}.");
        }
    }

    private static void Refuse(Action check)
    {
        try
        {
            check();
        }
        catch (ArgumentException exception)
        {
            throw new ExperimentException(exception.Message, exception);
        }
    }
}
