namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>What <see cref="FolderPrediction"/> writes besides the labels of each case. Immutable.</summary>
public sealed record PredictionOutputs
{
    /// <summary>
    /// Whether the probabilities are written, in the folder "probabilities": a volume of 32-bit floats for each class but background, and for each region that
    /// unites several. Default no.
    /// </summary>
    public bool Probabilities { get; init; }

    /// <summary>
    /// Whether the uncertainty is written, in the folder "uncertainty": CASE_entropy.nii.gz, and of several networks CASE_spread.nii.gz. The ensemble must
    /// measure it (<see cref="PredictionOptions.Uncertainty"/>). Default no.
    /// </summary>
    public bool Uncertainty { get; init; }

    /// <summary>Whether a case is passed over whose result is there already. Default no: it is written anew.</summary>
    public bool SkipExisting { get; init; }

    /// <summary>The file of the table of all cases; null (default) for none.</summary>
    public string? Summary { get; init; }
}
