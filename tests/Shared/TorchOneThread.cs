using KnowledgeDistillation.Tests;
using TorchSharp;
using Xunit;

[assembly: AssemblyFixture(typeof(TorchOneThread))]

namespace KnowledgeDistillation.Tests;

/// <summary>
/// Sets torch to one thread before the first test of a test project. Threads that begin to use torch later take this number over, so it holds for all tests:
/// sums keep their order and so their last bit, and test projects that run side by side do not fight for the cores.
/// </summary>
public sealed class TorchOneThread
{
    public TorchOneThread() => torch.set_num_threads(1);
}
