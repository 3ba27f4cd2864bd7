namespace KnowledgeDistillation.Losses;

/// <summary>
/// A loss that reads features of decoders (<see cref="NetworkOutput.DecoderFeature"/>). Trainers have the networks keep, and caches of teachers store, what
/// the losses of an objective name; whoever names nothing pays nothing.
/// </summary>
/// <remarks>A loss made of others is an <see cref="ICompositeLoss"/>, and what its parts name is found.</remarks>
public interface IDecoderFeatureLoss : IDistillationLoss
{
    /// <summary>The names of the features that it reads of the student, some of its <see cref="IEncoderDecoder.DecoderFeatures"/>.</summary>
    IReadOnlyList<string> StudentFeatures { get; }

    /// <summary>The names of the features that it reads of each teacher that it sees. By default the same as of the student.</summary>
    IReadOnlyList<string> TeacherFeatures => StudentFeatures;
}
