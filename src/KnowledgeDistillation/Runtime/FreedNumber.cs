using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Runtime;

/// <summary>What a fit meets when the garbage collector has freed a number that torch was still to read (see <see cref="TensorArithmetic"/>).</summary>
internal static class FreedNumber
{
    public const string Explanation =
        "The garbage collector freed a number while torch was reading it, because another thread allocates without a pause. Checkpoints of the epochs before "
        + "are sound: go on with Resume. Keep such work out of the process, and hold the numbers of your own losses and networks (using Scalar half = 0.5;).";

    /// <summary>Whether torch complains of a number that is none any more.</summary>
    public static bool IsCauseOf(ExternalException exception) =>
        exception.Message.Contains("Expected false to be true", StringComparison.Ordinal)
        || exception.Message.Contains("Unknown scalar type", StringComparison.Ordinal);
}
