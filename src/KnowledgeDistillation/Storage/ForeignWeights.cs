using static TorchSharp.torch;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// Weights that were trained elsewhere, in a safetensors file or a file of PyTorch's <c>torch.save</c> (a state dictionary,
/// or a checkpoint that holds one under <c>state_dict</c>, <c>network_weights</c>, <c>model_state_dict</c> or <c>model</c>).
/// </summary>
public static class ForeignWeights
{
    private const int StartLength = 4;

    /// <summary>Copies the weights of a file into a network. Nothing is changed where one does not fit.</summary>
    /// <param name="module">The network's module.</param>
    /// <param name="path">The file.</param>
    /// <param name="names">How its names become the network's; null where they are the same.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, foreign or hostile; or weights are missing, left over or of another shape, which the message lists.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="names"/> hold an expression that is none or takes too long, name a weight that the file lacks, or give two weights one name.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static void Load(nn.Module module, string path, WeightNames? names = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> tensors = Read(path);
        IReadOnlyDictionary<string, string> resolved = (names ?? new WeightNames()).Resolve(tensors.Keys);
        try
        {
            ModuleState.Copy(resolved.ToDictionary(name => name.Value, name => tensors[name.Key], StringComparer.Ordinal), module);
        }
        catch (ArgumentException exception)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
    }

    /// <summary>Reads the tensors of a file by name.</summary>
    /// <param name="path">The file.</param>
    /// <returns>
    /// Fresh tensors on the CPU, which belong to the caller, or to the dispose scope in which they were made. Where tensors of a file of PyTorch are views of
    /// the same values they are so here too, as PyTorch itself reads them, contiguous or not.
    /// </returns>
    /// <exception cref="CheckpointException">The file is damaged, foreign or hostile, is a folder, or may not be read.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        byte[] start = new byte[StartLength];
        try
        {
            using FileStream stream = File.OpenRead(path);
            stream.ReadAtLeast(start, StartLength, throwOnEndOfStream: false);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }

        if (PickledStateDict.IsPickle(start))
        {
            throw new CheckpointException(path, "it has PyTorch's format before 1.6: open it there and save it again with torch.save, or as safetensors");
        }

        return PickledStateDict.IsArchive(start) ? PickledStateDict.Read(path) : SafetensorsFile.Read(path).Tensors;
    }
}
