namespace KnowledgeDistillation;

/// <summary>
/// How to build a network: an immutable record of its options that is stored as JSON beside the weights,
/// so that a checkpoint can be opened without the code that trained it.
/// </summary>
/// <remarks>Derive a record from it for a network of your own and register it once with <see cref="Storage.NetworkRecipes.Register{TRecipe}"/>.</remarks>
public abstract record NetworkRecipe
{
    /// <summary>Builds the network with fresh random weights, drawn from torch's default generator: call <c>torch.manual_seed</c> before to fix them.</summary>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public abstract IEncoderDecoder Build();
}
