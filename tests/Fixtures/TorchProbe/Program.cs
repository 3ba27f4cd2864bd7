using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

// Usage: TorchProbe [DIRECTORY]. Looks for torch as an application would, with the libtorch of DIRECTORY if given, and prints
// what it computed or why it could not.
try
{
    if (args.Length > 0)
        TorchRuntime.UseLibTorch(args[0]);
    else
        TorchRuntime.EnsureAvailable();
    using Tensor sum = ones(2, 3).sum();
    Console.WriteLine($"sum {sum.item<float>()}");
}
catch (TorchBackendException exception)
{
    Console.WriteLine($"{exception.Problem}: {exception.Message}");
}
