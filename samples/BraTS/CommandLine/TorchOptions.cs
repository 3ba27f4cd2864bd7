using System.CommandLine;
using KnowledgeDistillation.Runtime;
using TorchSharp;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>The options of all commands that compute with torch.</summary>
internal sealed class TorchOptions
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "Where to compute.",
        DefaultValueFactory = _ => "cpu",
    };

    public TorchOptions(Command command)
    {
        _device.MustBeOneOf("cpu", "cuda");
        command.Add(_device);
        command.Add(Threads);
    }

    /// <summary>The option of the number of threads.</summary>
    public Option<int> Threads { get; } =
        NumberOptions.Whole("--threads", "Threads of the CPU to use; all by default.", least: 1, () => Environment.ProcessorCount);

    /// <summary>Checks that torch can be used and sets the number of its threads, with a hint where others use the cores that nobody has asked for.</summary>
    public torch.Device Start(ParseResult parsed, CommandServices services)
    {
        DeviceType type = parsed.GetValue(_device) == "cuda" ? DeviceType.CUDA : DeviceType.CPU;
        TorchRuntime.EnsureAvailable(type);
        if (type == DeviceType.CPU && parsed.GetResult(Threads) is not { Implicit: false }
            && MachineLoad.Hint(services.Load, parsed.GetValue(Threads), Environment.ProcessorCount) is { } hint)
        {
            services.Display.Warn(hint);
        }

        torch.set_num_threads(parsed.GetValue(Threads));
        return new torch.Device(type);
    }
}
