using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>Keeps the weights of the best epoch in memory for a fit that writes no checkpoints.</summary>
internal sealed class BestWeights(IEncoderDecoder network) : IDisposable
{
    private Dictionary<string, Tensor>? _weights;

    public void Remember()
    {
        Dispose();
        using var scope = NewDisposeScope();
        _weights = network.Module.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope());
    }

    public void Restore()
    {
        if (_weights is not null)
            ModuleState.Copy(_weights, network.Module);
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _weights?.Values ?? Enumerable.Empty<Tensor>())
            tensor.Dispose();
        _weights = null;
    }
}
