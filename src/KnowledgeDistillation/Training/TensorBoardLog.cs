using TorchSharp.Modules;
using static TorchSharp.torch.utils;

namespace KnowledgeDistillation.Training;

/// <summary>Writes each epoch's losses, learning rate and gradient shares as TensorBoard event files.</summary>
/// <param name="folder">The folder that TensorBoard is pointed at.</param>
public sealed class TensorBoardLog(string folder) : ITrainingCallback
{
    private SummaryWriter? _writer;

    /// <inheritdoc/>
    public void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
    {
        ArgumentNullException.ThrowIfNull(history);
        _writer ??= tensorboard.SummaryWriter(folder, createRunName: false);
        EpochReport report = history[^1];
        Write("learning rate", report.LearningRate, report.Epoch);
        Write("training", report.Training, report.Epoch);
        if (report.Validation is not null)
            Write("validation", report.Validation, report.Epoch);
        foreach ((string name, double share) in report.GradientShares ?? new Dictionary<string, double>())
            Write($"gradient share/{name}", share, report.Epoch);
    }

    private void Write(string part, LossReport losses, int epoch)
    {
        Write($"{part}/loss", losses.Total, epoch);
        foreach (TermValue term in losses.Terms)
        {
            Write($"{part}/{term.Name}", term.Value, epoch);
            Write($"{part} weighted/{term.Name}", term.Weighted, epoch);
        }
    }

    private void Write(string tag, double value, int epoch) => _writer!.add_scalar(tag, (float)value, epoch);
}
