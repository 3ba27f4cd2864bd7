using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Parameters of modules of our own.</summary>
internal static class LearnedValues
{
    /// <summary>A parameter that outlives the dispose scope in which its module is made, as those of torch's own modules do.</summary>
    /// <param name="make">Makes the values from their shape.</param>
    /// <param name="shape">The shape.</param>
    /// <exception cref="ArgumentException">A <see cref="WeightLimit"/> is set and would be passed; nothing was made.</exception>
    public static Parameter Own(Func<long[], Tensor> make, params long[] shape)
    {
        WeightLimit.Count(shape);
        var parameter = new Parameter(make(shape));
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
