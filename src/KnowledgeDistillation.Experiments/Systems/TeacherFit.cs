using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Finds whatever in the objective of a system does not fit the outputs of its networks, by computing it once, on noise.</summary>
internal static class TeacherFit
{
    /// <summary>Refuses teachers from which the system cannot learn.</summary>
    /// <param name="system">The system.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="modality">The modality that is at hand.</param>
    /// <param name="teachers">The teachers, which stay the caller's; they need not have learned anything.</param>
    /// <param name="edge">The edge of the noise in voxels, which fits all networks.</param>
    /// <param name="advice">What to do about it.</param>
    /// <param name="atFault">The settings that would have to change.</param>
    /// <exception cref="ExperimentException">The objective cannot be computed.</exception>
    public static void Refuse(
        SegmentationSystem system,
        ExperimentSettings settings,
        string modality,
        IReadOnlyList<IEncoderDecoder> teachers,
        long edge,
        string advice,
        params string[] atFault)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using IEncoderDecoder network = system.Recipe(settings, modality).Build();
        try
        {
            FrozenTeacher[] frozen = [.. teachers.Select((teacher, index) => new FrozenTeacher(teacher, NameOf(index, teachers.Count)))];
            system.Couple?.Invoke(network, frozen[0]);
            network.Module.eval();
            long[] size = [.. Enumerable.Repeat(edge, settings.SpatialDimensions)];
            using var batch = new Batch(
                new ModalityImages(settings.Data.Modalities.Select(name => KeyValuePair.Create(name, randn([1, 1, .. size])))),
                zeros([1, .. size], ScalarType.Byte),
                ["noise"]);
            foreach (TrainingStage stage in system.Stages)
            {
                using WeightedObjective objective = stage.Objective(ObjectiveInputs.Of(system, settings, modality, teachers.Count, CPU));
                Dictionary<string, NetworkOutput> outputs = frozen.ToDictionary(
                    teacher => teacher.Name, teacher => Seen(teacher, batch, settings, objective.TeacherFeatures(teacher.Name)));
                NetworkOutput student = NetworkOutput.Of(network, batch.Images, objective.StudentFeatures);
                objective.Evaluate(new DistillationContext(batch, settings.Classes, student, outputs));
            }
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            throw new ExperimentException($"The teacher does not fit this student: {exception.Message} {advice}", exception, atFault);
        }
    }

    // Whatever the student, the teacher must be able to see images of this size.
    private static NetworkOutput Seen(FrozenTeacher teacher, Batch batch, ExperimentSettings settings, IReadOnlyList<string> decoderFeatures)
    {
        try
        {
            return teacher.Forward(batch, decoderFeatures);
        }
        catch (ArgumentException exception) when (teacher.Network.Recipe is PlainConvUNetOptions)
        {
            throw new ExperimentException(
                $"The teacher cannot see these images: {exception.Message}", exception,
                settings.PatchEdge is null ? [nameof(ExperimentSettings.CropEdge), nameof(ExperimentSettings.SubsamplingFactor)]
                    : [nameof(ExperimentSettings.PatchEdge)]);
        }
    }

    /// <summary>What a training calls its teachers.</summary>
    public static string NameOf(int teacher, int count) => count == 1 ? "teacher" : $"teacher {teacher + 1}";
}
