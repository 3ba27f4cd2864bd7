using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace KnowledgeDistillation.OnnxRuntime.Tests.Export;

/// <summary>Runs files with ONNX Runtime as any program would.</summary>
internal static class OnnxRun
{
    public static InferenceSession Open(string path)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return new InferenceSession(path, options);
    }

    public static (float[] Values, long[] Shape) Logits(InferenceSession session, ModalityImages images)
    {
        NamedOnnxValue[] inputs =
        [
            .. images.Names.Select(name => NamedOnnxValue.CreateFromTensor(
                name, new DenseTensor<float>(images[name].data<float>().ToArray(), [.. images[name].shape.Select(length => (int)length)]))),
        ];
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = session.Run(inputs);
        var logits = (DenseTensor<float>)results.Single().AsTensor<float>();
        return (logits.ToArray(), [.. logits.Dimensions.ToArray().Select(length => (long)length)]);
    }

    /// <summary>What TorchSharp computes in evaluation mode.</summary>
    public static (float[] Values, long[] Shape) TorchLogits(IEncoderDecoder network, ModalityImages images)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        network.Module.eval();
        Tensor logits = network.Decode(network.Encode(images)).contiguous();
        return (logits.data<float>().ToArray(), logits.shape);
    }

    public static ModalityImages Images(IEnumerable<string> modalities, params long[] shape) =>
        new(modalities.Select(name => KeyValuePair.Create(name, randn(shape))));

    /// <summary>Gives all weights and statistics values as after a fit.</summary>
    public static TNetwork Stirred<TNetwork>(TNetwork network)
        where TNetwork : IEncoderDecoder
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach ((string name, Tensor tensor) in network.Module.state_dict().Where(item => item.Value.is_floating_point()))
        {
            if (name.EndsWith("running_var", StringComparison.Ordinal))
                tensor.uniform_(0.5, 1.5);
            else
                tensor.add_(randn_like(tensor) * 0.05);
        }

        return network;
    }
}
