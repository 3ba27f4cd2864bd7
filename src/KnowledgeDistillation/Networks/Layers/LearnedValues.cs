using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Parameters of modules of our own.</summary>
internal static class LearnedValues
{
    /// <summary>A parameter that outlives the dispose scope in which its module is made, as those of torch's own modules do.</summary>
    public static Parameter Own(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
