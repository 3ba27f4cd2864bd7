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

    private readonly Option<int> _threads =
        NumberOptions.Whole("--threads", "Threads of the CPU to use; all by default.", least: 1, () => Environment.ProcessorCount);

    public TorchOptions(Command command)
    {
        _device.MustBeOneOf("cpu", "cuda");
        command.Add(_device);
        command.Add(_threads);
    }

    /// <summary>Checks that torch can be used and sets the number of its threads, with a hint where others use the cores that nobody has asked for.</summary>
    public torch.Device Start(ParseResult parsed, CommandServices services)
    {
        DeviceType type = parsed.GetValue(_device) == "cuda" ? DeviceType.CUDA : DeviceType.CPU;
        TorchRuntime.EnsureAvailable(type);
        if (type == DeviceType.CPU && parsed.GetResult(_threads) is not { Implicit: false }
            && MachineLoad.Hint(services.Load, parsed.GetValue(_threads), Environment.ProcessorCount) is { } hint)
        {
            services.Display.Warn(hint);
        }

        torch.set_num_threads(parsed.GetValue(_threads));
        return new torch.Device(type);
    }
}
