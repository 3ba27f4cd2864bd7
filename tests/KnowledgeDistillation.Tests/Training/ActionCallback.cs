using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>A callback made of two functions.</summary>
internal sealed class ActionCallback(Action<TrainingProgress>? step = null, Action<IReadOnlyList<EpochReport>, IEncoderDecoder>? epoch = null)
    : ITrainingCallback
{
    public void StepEnded(TrainingProgress progress) => step?.Invoke(progress);

    public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network) => epoch?.Invoke(history, network);
}
