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
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;
using KnowledgeDistillation.Methods.RFNet;
using KnowledgeDistillation.Methods.SelfDistillation;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Methods.StyleMatching;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Stored;

/// <summary>The fits whose output folders are stored. The same code begins and resumes them, so that only the library may have changed meanwhile.</summary>
internal static class StoredFit
{
    /// <summary>The number of epochs after which a folder is stored.</summary>
    public const int Epochs = 2;

    private static readonly Dictionary<string, Func<TrainingOptions, Batch, TrainingResult>> Fits = new()
    {
        ["kd-net"] = KDNet,
        ["structured"] = Structured,
        ["many-losses"] = ManyLosses,
        ["u-hved"] = Hved,
        ["disentangled-fusion"] = DisentangledFusion,
        ["acn"] = Acn,
        ["smu-net"] = SmuNet,
        ["rfnet"] = RegionFusion,
        ["demoseg"] = Substitution,
        ["decoder-features"] = DecoderFeatures,
        ["decoder-supervision"] = DecoderSupervision,
        ["self-distillation"] = SelfDistillation,
    };

    public static IEnumerable<string> Names => Fits.Keys;

    /// <summary>Begins a fit, or resumes it.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="folder">Its output folder.</param>
    /// <param name="epochs">The number of epochs that it has when it ends.</param>
    /// <param name="resume">Whether it has begun.</param>
    public static TrainingResult Run(string name, string folder, int epochs, bool resume)
    {
        using Batch spheres = Toy.Spheres(cases: 2);
        var options = new TrainingOptions
        {
            Epochs = epochs,
            Precision = Precision.Full,
            Seed = 7,
            OutputFolder = folder,
            Resume = resume,
            Metadata = new Dictionary<string, string> { ["fit"] = name },
        };
        return Fits[name](options, spheres);
    }

    // All options are the defaults except those that depend on the machine.
    private static TrainingResult KDNet(TrainingOptions options, Batch spheres)
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        return new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options, KDNetObjective.Create())
            .Fit(Source(spheres), Source(spheres));
    }

    // An optimizer of the user's own, and a critic with another.
    private static TrainingResult Structured(TrainingOptions options, Batch spheres)
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        HolisticOptions critic = new() { Width = 2, StridedConvolutions = 2, LearningRate = 1e-3, GradientPenalty = 5 };
        using var holistic = new HolisticLoss(Toy.Labels, ["faint"], critic);
        WeightedObjective objective = StructuredDistillationObjective.Create(holistic, new StructuredDistillationObjectiveOptions
        {
            PixelWiseWeight = 5,
            PairWiseWeight = 0.25,
            HolisticWeight = 0.2,
            PairWise = new PairWiseOptions { LevelsAboveBottleneck = 1, PatchLength = 2, MaximumNodes = 64, Reduction = BatchReduction.Sum },
            Reduction = BatchReduction.Sum,
        });
        options = options with
        {
            Schedule = new ConstantSchedule(),
            Optimizer = parameters => optim.SGD(parameters, learningRate: 2e-3, momentum: 0.9),
            GradientClipNorm = 0.5,
            EarlyStoppingPatience = 30,
            BatchesPerStep = 2,
            GradientSharesEvery = 1,
        };
        return new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options, objective).Fit(Source(spheres));
    }

    // Two teachers, losses within losses, one that learns with the student, and a schedule of torch.
    private static TrainingResult ManyLosses(TrainingOptions options, Batch spheres)
    {
        using UNet3D student = Toy.Student(), first = Toy.Teacher(seed: 2), second = Toy.Teacher(seed: 3);
        FeatureMatchingOptions bottleneck = new() { Reduction = BatchReduction.Sum };
        FeatureMatchingOptions aboveBottleneck = new() { LevelsAboveBottleneck = 1, Reduction = BatchReduction.Sum };
        AttentionTransferOptions attention = new() { Power = 1, DeepestLevels = 1, Reduction = BatchReduction.Sum };
        using var adapted = new AdaptedFeatureMatchingLoss(studentWidth: 4, teacherWidth: 4, options: bottleneck);
        SoftDiceOptions dice = new() { Form = DiceForm.AbsoluteDifference, Smooth = 1, IncludeBackground = true, WholeBatch = true };
        HintonOptions hinton = new() { Temperature = 3, ScaleBySquaredTemperature = false, Reduction = BatchReduction.Sum };
        ImitationOptions imitation = new() { Temperature = 2.5, Reduction = BatchReduction.Sum };
        GeneralizedDistillationObjectiveOptions generalized = new() { Lambda = 0.25, SoftTargets = imitation, ReferenceReduction = BatchReduction.Sum };
        var objective = new WeightedObjective(
            new LossTerm("GT", 0.5, new ReferenceLoss(dice, BatchReduction.Sum)),
            new LossTerm("Hinton, \"mean\"", 0.25, new TeacherMeanLoss(
                HintonObjective.Create(new HintonObjectiveOptions { TeacherWeight = 0.75, SoftTargets = hinton, ReferenceReduction = BatchReduction.Sum }),
                new Dictionary<string, double> { ["second"] = 1, ["first"] = 0.5 })),
            new LossTerm("generalized", 0.25, new NamedTeacherLoss("first", GeneralizedDistillationObjective.Create(generalized))),
            new LossTerm("consistency", 0.1, new NamedTeacherLoss("second", ConsistencyObjective.Create(new ConsistencyObjectiveOptions
            {
                ZeroOrderWeight = 0.5,
                FirstOrderWeight = 0.125,
                FirstOrder = new FirstOrderConsistencyOptions { Neighborhood = Neighborhood.Faces, Reduction = BatchReduction.Sum },
                Reduction = BatchReduction.Sum,
            }))),
            new LossTerm("features", 0.1, new TeacherMeanLoss(new FeatureMatchingLoss(aboveBottleneck))),
            new LossTerm("adapted", 0.1, new NamedTeacherLoss("first", adapted)),
            new LossTerm("attention", 0.1, new NamedTeacherLoss("first", new AttentionTransferLoss(attention))),
            new LossTerm("soft targets", 0.1, new NamedTeacherLoss("second", new SoftTargetLoss(new SoftTargetOptions
            {
                Temperature = 2,
                TemperatureOnStudent = true,
                ScaleBySquaredTemperature = true,
                SoftCrossEntropy = true,
                Dice = new SoftDiceOptions { Form = DiceForm.Squared },
                Reduction = BatchReduction.Sum,
            }))),
            new LossTerm("bottleneck", 0.1, new NamedTeacherLoss("second", new BottleneckLoss(new BottleneckOptions
            {
                Normalization = BottleneckNormalization.ChannelSoftmax,
                LevelsAboveBottleneck = 1,
                Reduction = BatchReduction.Sum,
            }))),
            new LossTerm("watched", 0, new ReferenceDiceLoss()));
        options = options with
        {
            LearningRate = 1e-3,
            WeightDecay = 1e-5,
            Schedule = new TorchSchedule(optimizer => optim.lr_scheduler.StepLR(optimizer, step_size: 1, gamma: 0.5)),
            GradientSharesEvery = 2,
        };
        FrozenTeacher[] teachers = [new(first, "first"), new(second, "second")];
        return new DistillationTrainer(student, teachers, Toy.Labels, objective, options).Fit(Source(spheres), Source(spheres));
    }

    private static TrainingResult Hved(TrainingOptions options, Batch spheres)
    {
        using var network = (HvedUNet3D)Build(new HvedUNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        WeightedObjective objective = HvedObjective.Create(new HvedObjectiveOptions
        {
            Dice = new SoftDiceOptions { Form = DiceForm.Linear, Smooth = 1e-3 },
            DivergenceWeight = 0.25,
            Divergence = new ModalitySubsetDivergenceOptions { Reference = SubsetReference.FusedModalities },
            ReconstructionWeight = 0.25,
        });
        options = options with { Schedule = new PlateauSchedule { Factor = 0.5, Patience = 1 } };
        return new SupervisedTrainer(network, Toy.Labels, options, objective).Fit(Source(spheres), Source(spheres));
    }

    private static TrainingResult DisentangledFusion(TrainingOptions options, Batch spheres)
    {
        DisentangledFusionNet3DOptions recipe = new() { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 2, AppearanceDimension = 1 };
        using var network = (DisentangledFusionNet3D)Build(recipe);
        return new SupervisedTrainer(network, Toy.Labels, options, DisentangledFusionObjective.Create()).Fit(Source(spheres), Source(spheres));
    }

    // A teacher that learns, two critics and a predictor.
    private static TrainingResult Acn(TrainingOptions options, Batch spheres)
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        using WeightedObjective objective = AdversarialCoTrainingObjective.Create(Toy.Labels, 4, options: new()
        {
            StudentShare = 0.75,
            ConsistencyWeight = 5,
            ConsistencyRampUpEpochs = 10,
            EntropyWeight = 0.002,
            KnowledgeWeight = 0.0004,
            MutualInformationWeight = 0.25,
            Consistency = new() { Distance = ConsistencyDistance.KullbackLeibler, Reduction = BatchReduction.Sum },
            Entropy = new() { Width = 2, StridedConvolutions = 2, LearningRate = 1e-3 },
            Knowledge = new() { Width = 2, LearningRate = 1e-3 },
            MutualInformation = new() { FirstVariance = 2 },
        });
        return new CoTrainingTrainer(student, new LearningTeacher(teacher, "friend"), Toy.Labels, objective, options).Fit(Source(spheres), Source(spheres));
    }

    private static TrainingResult SmuNet(TrainingOptions options, Batch spheres)
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        using WeightedObjective objective = StyleMatchingObjective.Create(
            [2, 4],
            options: new()
            {
                StudentShare = 0.5,
                ConsistencyWeight = 5,
                ConsistencyRampUpEpochs = 10,
                ContentWeight = 0.5,
                StyleWeight = 0.5,
                AdversarialWeight = 0.0004,
                Content = new() { Reduction = BatchReduction.Sum },
                Style = new() { DeepestLevels = 2, Reduction = BatchReduction.Sum },
                Adversarial = new() { DeepestLevels = 1, Width = 2, StridedConvolutions = 1, LearningRate = 1e-3 },
            },
            reference: KDNetObjective.Reference());
        return new CoTrainingTrainer(student, new LearningTeacher(teacher), Toy.Labels, objective, options).Fit(Source(spheres), Source(spheres));
    }

    private static TrainingResult RegionFusion(TrainingOptions options, Batch spheres)
    {
        using var network = (RFNet3D)Build(new RFNet3DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        return new SupervisedTrainer(network, Toy.Labels, options, RFNetObjective.Create()).Fit(Source(spheres), Source(spheres));
    }

    private static TrainingResult Substitution(TrainingOptions options, Batch spheres)
    {
        using var network = (DeMoSeg3D)Build(new DeMoSeg3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        return new SupervisedTrainer(network, Toy.Labels, options, DeMoSegObjective.Create()).Fit(Source(spheres), Source(spheres));
    }

    // A cached teacher, and projectors that learn with the student.
    private static TrainingResult DecoderFeatures(TrainingOptions options, Batch spheres)
    {
        using UNet3D student = Toy.Student(), teacher = Toy.Teacher();
        PrototypeDistillationObjectiveOptions prototypes = new()
        {
            TeacherWeight = 5,
            PrototypeWeight = 0.25,
            SoftTargets = new HintonOptions { Temperature = 3 },
            Prototypes = new PrototypeOptions { StudentFeatures = "level 0", TeacherFeatures = "level 0", Reduction = BatchReduction.Sum },
        };
        ContrastivePairLoss pairs = new(2, 2, new ContrastivePairOptions { Dimension = 2, Margin = 0.5 });
        PrivilegedKnowledgeObjectiveOptions privileged =
            new() { TeacherWeight = 0.25, ContrastiveWeight = 0.75, Targets = new PrivilegedTargetOptions { Temperature = 2 } };
        using var objective = new WeightedObjective(
            new LossTerm("ProtoKD", 1, PrototypeDistillationObjective.Create(Toy.Labels, prototypes)),
            new LossTerm("PMKL", 0.5, PrivilegedKnowledgeObjective.Create(pairs, privileged, KDNetObjective.Reference())));
        return new DistillationTrainer(student, new FrozenTeacher(teacher, cache: new TeacherCacheOptions()), Toy.Labels, options, objective)
            .Fit(Toy.Source(spheres), Toy.Source(spheres));
    }

    private static TrainingResult SelfDistillation(TrainingOptions options, Batch spheres)
    {
        using IEncoderDecoder network = Build(new HemisUNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        SelfDistillationOptions self = new() { PredictionWeight = 0.25, PrototypeWeight = 0.5, Temperature = 2, PreferenceRate = 0.125, Features = "level 0" };
        using WeightedObjective objective = SelfDistillationObjective.Create(new SelfDistillationLoss(Toy.Modalities, self));
        return new SupervisedTrainer(network, Toy.Labels, options, objective).Fit(Source(spheres), Source(spheres));
    }

    private static TrainingResult DecoderSupervision(TrainingOptions options, Batch spheres)
    {
        using var network = (UNet3D)Build(new UNet3DOptions { Modalities = ["faint"], OutputChannels = 2, BaseWidth = 2, Levels = 3 });
        using var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()),
            new LossTerm("deep supervision", 0.5, new DecoderSupervisionLoss([4], 2, options: new() { Dice = new() { Form = DiceForm.Squared } })));
        return new SupervisedTrainer(network, Toy.Labels, options, objective).Fit(Source(spheres), Source(spheres));
    }

    private static InMemoryBatchSource Source(Batch spheres) => Toy.Source(spheres, batchSize: 1);

    private static IEncoderDecoder Build(NetworkRecipe recipe)
    {
        manual_seed(1);
        return recipe.Build();
    }
}
