using System.Text.Json;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using TorchSharp.Modules;

namespace KnowledgeDistillation.Teachers;

/// <summary>
/// A teacher that learns together with its student: a <see cref="Training.CoTrainingTrainer"/> moves its weights by the same objective in the same steps.
/// It need not have been trained before. Its opposite is a <see cref="FrozenTeacher"/>, which nothing moves.
/// </summary>
/// <remarks>The network still belongs to the caller, who disposes it. Not safe for use by several threads at once.</remarks>
public sealed class LearningTeacher
{
    /// <summary>Names a network as the teacher that learns.</summary>
    /// <param name="network">The network, on the student's device.</param>
    /// <param name="name">The name under which losses find its output.</param>
    public LearningTeacher(IEncoderDecoder network, string name = "teacher")
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        TorchRuntime.EnsureAvailable();
        (Network, Name) = (network, name);
    }

    /// <summary>The network.</summary>
    public IEncoderDecoder Network { get; }

    /// <summary>The name under which losses find its output.</summary>
    public string Name { get; }

    /// <summary>
    /// Facts that its checkpoint keeps beside the weights, as <see cref="Training.TrainingOptions.Metadata"/> does for the student's. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The name and the modalities: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{Name} of {JsonSerializer.Serialize(Network.Modalities)}";

    /// <summary>Refuses a student that is this network or shares weights with it, and labels that it does not give.</summary>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    internal void CheckFits(IEncoderDecoder student, LabelScheme labels)
    {
        if (ReferenceEquals(Network, student) || ReferenceEquals(Network.Module, student.Module))
        {
            throw new ArgumentException($"The network of the teacher '{Name}' is the student itself, which has nothing to learn from itself. "
                + "Load or build a second network for the teacher.");
        }

        HashSet<Parameter> own = new(Network.Module.parameters(), ReferenceEqualityComparer.Instance);
        if (student.Module.named_parameters().FirstOrDefault(parameter => own.Contains(parameter.parameter)).name is { } shared)
        {
            throw new ArgumentException($"The teacher '{Name}' and the student share the parameter {shared}, which one step would move twice. "
                + "Give each network weights of its own.");
        }

        torch.Device device = Network.Module.parameters().First().device, other = student.Module.parameters().First().device;
        if (device.type != other.type || device.index != other.index)
            throw new ArgumentException($"The teacher '{Name}' is on the device {device}, but the student on {other}: bring both to the same.");

        if (Network.OutputChannels != labels.Channels)
        {
            throw new ArgumentException($"The teacher '{Name}' has {Network.OutputChannels} output channels, but the label scheme has {labels.Channels}: "
                + $"{string.Join(", ", labels.ChannelNames)}.");
        }
    }
}
