using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>Torch's default generators of random numbers.</summary>
internal static class RandomNumbers
{
    /// <summary>Seeds the generator of the CPU and those of all GPUs, with the same numbers to follow as after <c>torch.manual_seed</c>.</summary>
    /// <remarks>
    /// TorchSharp's <c>manual_seed</c> finds the functions of a GPU by their place in a table that it knows from libtorch 2.10, and in a libtorch of another
    /// version may call others. The two calls here go by name.
    /// </remarks>
    public static void Seed(long seed)
    {
        // Apple's GPU has no call of its own.
        if (OperatingSystem.IsMacOS())
        {
            manual_seed(seed);
            return;
        }

        using Generator ofCpu = Generator.Default;
        ofCpu.manual_seed(seed);
        if (cuda.is_available())
            cuda.manual_seed_all(seed);
    }
}
