using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Benchmarks.Ours;

/// <summary>How our side is configured; the only place that knows.</summary>
internal sealed record OurWay
{
    public static LabelScheme Labels { get; } = new ExclusiveClasses("background", "necrosis", "edema", "enhancing");

    public Precision Precision { get; init; } = Precision.Full;

    public TeacherCacheOptions? TeacherCache { get; init; } = new();

    public bool SkipBackground { get; init; }

    public static UNet3D Network(int width, params IReadOnlyList<string> modalities) =>
        new(new UNet3DOptions { Modalities = modalities, OutputChannels = Labels.Channels, BaseWidth = width });

    public TrainingOptions Training(params IReadOnlyList<ITrainingCallback> callbacks) =>
        new() { RestoreBestWeights = false, Precision = Precision, Callbacks = callbacks };

    public ITrainer Supervised(UNet3D network, TrainingOptions? options = null) => new SupervisedTrainer(network, Labels, options ?? Training());

    public ITrainer Distillation(UNet3D student, UNet3D teacher, TrainingOptions? options = null) =>
        new DistillationTrainer(student, new FrozenTeacher(teacher, cache: TeacherCache), Labels, options ?? Training());

    public IInference WholeVolume() => new WholeVolumeInference(Precision);

    public IInference SlidingWindow(int window) =>
        new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [window, window, window], SkipBackground = SkipBackground, Precision = Precision });
}
