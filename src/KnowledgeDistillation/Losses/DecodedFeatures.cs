using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>The features of decoders that an objective needs, and reads them for a loss.</summary>
internal static class DecodedFeatures
{
    /// <summary>The features of a decoder for a loss.</summary>
    /// <param name="output">What a network made of a batch.</param>
    /// <param name="role">"student" or "teacher".</param>
    /// <param name="name">Their name.</param>
    /// <param name="loss">The name of the loss.</param>
    /// <exception cref="ArgumentException">There are none; the message names network and loss.</exception>
    public static Tensor Of(NetworkOutput output, string role, string name, string loss)
    {
        try
        {
            return output.DecoderFeature(name);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException($"{loss} compares features of decoders, and there are none of the {role}: {exception.Message}", exception);
        }
    }

    /// <summary>What the losses within one read: of the student, or of a teacher, with the loss that reads it.</summary>
    /// <param name="loss">The loss or objective.</param>
    /// <param name="teacher">The name of the teacher; null for the student.</param>
    public static IEnumerable<(IDecoderFeatureLoss Loss, string Feature)> ReadWithin(IDistillationLoss loss, string? teacher)
    {
        if (teacher is not null && !Sees(loss, teacher))
            return [];
        IEnumerable<(IDecoderFeatureLoss, string)> own = loss is IDecoderFeatureLoss reader
            ? (teacher is null ? reader.StudentFeatures : reader.TeacherFeatures).Select(feature => (reader, feature))
            : [];
        return loss is ICompositeLoss composite ? own.Concat(composite.Parts.SelectMany(part => ReadWithin(part, teacher))) : own;
    }

    private static bool Sees(IDistillationLoss loss, string teacher) => loss switch
    {
        NamedTeacherLoss bound => string.Equals(bound.Teacher, teacher, StringComparison.Ordinal),
        TeacherMeanLoss mean => mean.Counts(teacher),
        _ => true,
    };
}
