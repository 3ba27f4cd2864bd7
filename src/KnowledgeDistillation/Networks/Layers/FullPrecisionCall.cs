using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Calls of the last layer of a network, whose logits are float32 in any precision.</summary>
internal static class FullPrecisionCall
{
    /// <summary>What the module makes of the features in float32.</summary>
    public static Tensor CallWide(this Module<Tensor, Tensor> module, Tensor features)
    {
        Tensor wide = ReducedPrecision.Widen(features);
        try
        {
            return module.call(wide);
        }
        finally
        {
            if (!ReferenceEquals(wide, features))
                wide.Dispose();
        }
    }
}
