using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>Puts a network into evaluation mode and switches gradients off, until it is disposed.</summary>
internal sealed class EvaluationMode : IDisposable
{
    private readonly nn.Module _module;
    private readonly bool _wasTraining;
    private readonly IDisposable _noGradient = no_grad();

    public EvaluationMode(IEncoderDecoder network)
    {
        _module = network.Module;
        _wasTraining = _module.training;
        _module.eval();
    }

    public void Dispose()
    {
        _noGradient.Dispose();
        _module.train(_wasTraining);
    }
}
