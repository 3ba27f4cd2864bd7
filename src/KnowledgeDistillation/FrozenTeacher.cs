using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// A trained network that teaches and does not learn: its parameters take no gradient, it runs in evaluation mode and without recording a graph,
/// and a fit leaves its parameters and buffers as they were, bit by bit (KD-Net, section 2: "the weights of the Teacher are frozen").
/// </summary>
/// <remarks>The network still belongs to the caller, who disposes it. Not safe for use by several threads at once.</remarks>
public sealed class FrozenTeacher
{
    /// <summary>Freezes a network.</summary>
    /// <param name="network">A trained network. Its parameters will no longer take a gradient.</param>
    /// <param name="name">A name that tells several teachers apart.</param>
    public FrozenTeacher(IEncoderDecoder network, string name = "teacher")
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        (Network, Name) = (network, name);
        foreach (Parameter parameter in network.Module.parameters())
            parameter.requires_grad_(false);
        network.Module.eval();
    }

    /// <summary>The network.</summary>
    public IEncoderDecoder Network { get; }

    /// <summary>The name that tells several teachers apart.</summary>
    public string Name { get; }

    /// <summary>Runs the network on the modalities it knows.</summary>
    /// <param name="batch">A batch that holds all modalities of the teacher, on the teacher's device.</param>
    /// <returns>Its output, through which no gradient flows.</returns>
    /// <exception cref="ArgumentException">The batch lacks a modality.</exception>
    public NetworkOutput Forward(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        // Someone may have called train() on a module that shares parts with this one.
        Network.Module.eval();
        // Not inference_mode: tensors made in it cannot take part in the student's backward pass.
        using IDisposable noGradient = no_grad();
        return NetworkOutput.Of(Network, batch.Images);
    }

    /// <summary>Refuses a student that is this very network.</summary>
    internal void CheckIsNot(IEncoderDecoder student)
    {
        if (ReferenceEquals(Network, student) || ReferenceEquals(Network.Module, student.Module))
            throw new ArgumentException($"The network of the teacher '{Name}' is the student itself; a network cannot be frozen and trained at once. Load or build a second network for the teacher.");
    }
}
