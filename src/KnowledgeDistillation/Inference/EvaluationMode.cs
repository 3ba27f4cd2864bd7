using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>Puts a network into evaluation mode and switches gradients off, until it is disposed.</summary>
/// <remarks>A network that is in evaluation mode already is left alone, so that several threads may predict with it at once.</remarks>
internal sealed class EvaluationMode : IDisposable
{
    private readonly (nn.Module Module, bool WasTraining)[] _modes;
    private readonly IDisposable _noGradient = no_grad();

    public EvaluationMode(IEncoderDecoder network)
    {
        // Each module has a mode of its own: a user may keep some in evaluation mode while the others train.
        _modes = [.. network.Module.modules().Prepend(network.Module).Select(module => (module, module.training))];
        if (Array.Exists(_modes, mode => mode.WasTraining))
            network.Module.eval();
        else
            _modes = [];
    }

    public void Dispose()
    {
        _noGradient.Dispose();
        foreach ((nn.Module module, bool wasTraining) in _modes)
            module.train(wasTraining);
    }
}
