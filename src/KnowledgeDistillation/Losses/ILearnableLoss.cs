using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>A loss with parameters that learn together with the student, for example an adapter between two widths.</summary>
/// <remarks>The trainer adds them to its optimizer and to its checkpoints; gradient clipping counts them.</remarks>
public interface ILearnableLoss : IDistillationLoss
{
    /// <summary>The module that holds the parameters, on the student's device before a fit begins. It belongs to the loss, which is to be
    /// <see cref="IDisposable"/> and is disposed with its <see cref="WeightedObjective"/>.</summary>
    nn.Module Module { get; }
}
