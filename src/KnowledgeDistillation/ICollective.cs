using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// Several processes that train one network together, each on its share of the batches: what connects one of them to the others. Give it to a fit as
/// <see cref="Training.TrainingOptions.Collective"/>. The package KnowledgeDistillation.Mpi has one for MPI.
/// </summary>
/// <remarks>
/// All processes make the same calls in the same order, and each call waits for the others. Not safe for use by several threads at once.
/// A process that fails leaves without <see cref="Complete"/>: <see cref="IDisposable.Dispose"/> then ends all processes, because the others would wait
/// for it for ever.
/// </remarks>
public interface ICollective : IDisposable
{
    /// <summary>The number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes there are, at least 1.</summary>
    int Size { get; }

    /// <summary>Replaces a tensor by the sum of the tensors of all processes. Afterwards all have the same, to the bit.</summary>
    /// <param name="tensor">Of one shape in all processes, of the type float32, float64 or int64, on any device.</param>
    void SumInPlace(Tensor tensor);

    /// <summary>Replaces a tensor by that of one process.</summary>
    /// <param name="tensor">Of one shape and element type in all processes, on any device.</param>
    /// <param name="root">The process whose tensor all get. Default 0.</param>
    void Broadcast(Tensor tensor, int root = 0);

    /// <summary>Says that this process has done all that it had to do. Waits until all others have said so too; nothing can be called after it.</summary>
    void Complete();
}
