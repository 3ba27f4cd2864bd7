using System.CommandLine;
using KnowledgeDistillation.Mpi;
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
    public Option<int> Threads { get; } = NumberOptions.Whole(
        "--threads",
        "Threads of the CPU to use; by default all, shared evenly by the processes that mpirun starts on this machine.",
        least: 1,
        () => Math.Max(1, Environment.ProcessorCount / MpiLaunch.ProcessesOnThisMachine));

    /// <summary>Checks that torch can be used and sets the number of its threads, with a hint where others use the cores that nobody has asked for.</summary>
    public torch.Device Start(ParseResult parsed, CommandServices services)
    {
        DeviceType type = parsed.GetValue(_device) == "cuda" ? DeviceType.CUDA : DeviceType.CPU;
        TorchRuntime.EnsureAvailable(type);
        // Of several processes one says so for all.
        if (type == DeviceType.CPU && MpiLaunch.NumberOnThisMachine == 0 && parsed.GetResult(Threads) is not { Implicit: false }
            && MachineLoad.Hint(services.Load, parsed.GetValue(Threads), Environment.ProcessorCount) is { } hint)
        {
            services.Display.Warn(hint);
        }

        torch.set_num_threads(parsed.GetValue(Threads));
        // Of several processes on a machine each takes a GPU of its own, as far as there are enough.
        return type == DeviceType.CUDA && MpiLaunch.IsOneOfSeveral
            ? new torch.Device(type, MpiLaunch.NumberOnThisMachine % torch.cuda.device_count())
            : new torch.Device(type);
    }
}
