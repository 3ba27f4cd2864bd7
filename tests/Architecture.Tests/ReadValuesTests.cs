using FluentAssertions;
using Mono.Cecil;
using Xunit;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>
/// A value that is read of a tensor on a GPU waits until the GPU has finished all that is queued. So only these types read any, none of them within a training
/// step whose teachers are cached and whose batches have identities.
/// </summary>
public sealed class ReadValuesTests
{
    private static readonly string[] Readers =
    [
        // The labels of a batch, where they are before it goes to the device.
        "KnowledgeDistillation.LabelScheme",
        // The losses of several steps at once; what a validation, an epoch or the exchange of several processes is for.
        "KnowledgeDistillation.Training.LossAverage",
        "KnowledgeDistillation.Training.ValidationDice",
        "KnowledgeDistillation.Training.FitProcesses",
        "KnowledgeDistillation.Storage.ModuleState",
        // A critic's own loss, which must be finite before the critic moves.
        "KnowledgeDistillation.Training.LearningLosses",
        // Shares of the gradient, and terms of an objective, where someone asks for them.
        "KnowledgeDistillation.Losses.WeightedObjective",
        "KnowledgeDistillation.Losses.ObjectiveValue",
        // What a teacher says of a sample that it has not seen, and the voxels of a sample without an identity.
        "KnowledgeDistillation.Teachers.TeacherCache",
        "KnowledgeDistillation.Teachers.CachedTeacherOutput",
        "KnowledgeDistillation.Teachers.CachedFeatures",
        // Numbers drawn on the host.
        "KnowledgeDistillation.Networks.ModalitySubset",
        // Predictions, and files.
        "KnowledgeDistillation.Inference.SegmentationModel",
        "KnowledgeDistillation.Inference.SlidingWindowInference",
        "KnowledgeDistillation.Onnx.OnnxTensor",
        "KnowledgeDistillation.Storage.PickledStateDict",
        "KnowledgeDistillation.Storage.SafetensorsFile",
    ];

    private static readonly HashSet<string> Reads =
    [
        "item", "data", "get_bytes", "cpu", "nonzero", "argwhere", "masked_select", "allclose", "unique", "ToBoolean", "ToByte", "ToInt32", "ToInt64",
        "ToSingle", "ToDouble", "clip_grad_norm_",
    ];

    [Fact]
    public void Only_the_listed_types_read_values_of_tensors() =>
        Found(Path.Combine(AppContext.BaseDirectory, "KnowledgeDistillation.dll")).Should().BeEquivalentTo(Readers);

    private static IEnumerable<string> Found(string assembly) =>
        (from type in ModuleDefinition.ReadModule(assembly).GetTypes()
         from method in type.Methods
         where method.HasBody
         from called in method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>()
         where called.DeclaringType.FullName.StartsWith("TorchSharp.", StringComparison.Ordinal) && Reads.Contains(called.Name)
         select Outermost(type).FullName).Distinct();

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is null ? type : Outermost(type.DeclaringType);
}
