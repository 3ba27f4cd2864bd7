namespace KnowledgeDistillation.Losses;

/// <summary>The formula of the soft Dice score of a prediction p and a target t in [0, 1].</summary>
public enum DiceForm
{
    /// <summary>
    /// 2Σpt / (Σp + Σt), as the paper writes it. With soft targets it is not greatest at p = t: at t = 0.71 everywhere the loss is 0.29 at p = t and
    /// 0.17 at p = 1. A loss of about 0.3 against soft targets is therefore no failure.
    /// </summary>
    Linear,

    /// <summary>2Σpt / (Σp² + Σt²) (Milletari et al. 2016), greatest at p = t.</summary>
    Squared,

    /// <summary>
    /// (Σp + Σt − Σ|p − t|) / (Σp + Σt), the Dice semimetric of Wang et al. 2023, greatest at p = t and equal to the linear form for binary targets.
    /// </summary>
    AbsoluteDifference,
}
