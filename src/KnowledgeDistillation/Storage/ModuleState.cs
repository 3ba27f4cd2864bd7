using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>Looks at the parameters of a module, and copies tensors into its parameters and buffers by name.</summary>
internal static class ModuleState
{
    /// <summary>Whether no parameter holds an infinity or a NaN. A buffer may, for example a mask.</summary>
    public static bool IsFinite(nn.Module module)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        return module.parameters().All(parameter => parameter.isfinite().all().item<bool>());
    }

    /// <exception cref="ArgumentException">Names or shapes do not fit; the message lists the first few.</exception>
    public static void Copy(IReadOnlyDictionary<string, Tensor> source, nn.Module module)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Dictionary<string, Tensor> target = module.state_dict();
        string[] faults =
        [
            .. target.Keys.Where(name => !source.ContainsKey(name)).Select(name => $"{name} is missing"),
            .. source.Keys.Where(name => !target.ContainsKey(name)).Select(name => $"{name} is unknown to the network"),
            .. target.Where(entry => source.TryGetValue(entry.Key, out Tensor? tensor) && !tensor.shape.SequenceEqual(entry.Value.shape))
                .Select(entry => $"{entry.Key} is [{string.Join(", ", source[entry.Key].shape)}] but must be [{string.Join(", ", entry.Value.shape)}]"),
        ];
        if (faults.Length > 0)
        {
            throw new ArgumentException(
                $"the weights do not fit the network: {string.Join("; ", faults.Take(5))}{(faults.Length > 5 ? $"; and {faults.Length - 5} more" : "")}");
        }

        foreach ((string name, Tensor tensor) in target)
            tensor.copy_(source[name]);
    }
}
