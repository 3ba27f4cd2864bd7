using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Runtime;

/// <summary>Has the C library of Linux keep memory that torch frees, for its next use.</summary>
/// <remarks>
/// By default glibc gives every large block back to the system when it is freed, and gets it again, page by page and zeroed,
/// a moment later: a fifth of the time of a training step.
/// What is kept is what the process had at its peak. Other C libraries refuse the call or have no such function, and nothing changes.
/// </remarks>
internal static partial class FreedMemory
{
    /// <summary>
    /// Set to false (an AppContext switch, also in runtimeconfig.json or through the property <c>TorchKeepsFreedMemory</c>
    /// of a project), it leaves the C library alone.
    /// </summary>
    public const string Switch = "KnowledgeDistillation.KeepsFreedMemory";

    // Constants of malloc.h.
    private const int TrimThreshold = -1, TopPadding = -2, LargestMappings = -4;

    public static void Keep() => Do(() =>
    {
        // No block of its own mapping; never trim; grow by 64 MiB at once.
        _ = Mallopt(LargestMappings, 0);
        _ = Mallopt(TrimThreshold, -1);
        _ = Mallopt(TopPadding, 64 << 20);
    });

    /// <summary>Gives back to the system what has been kept until now. Memory that is used again costs page faults once more.</summary>
    public static void GiveBack() => Do(() => _ = MallocTrim(0));

    private static void Do(Action calls)
    {
        if (!OperatingSystem.IsLinux() || (AppContext.TryGetSwitch(Switch, out bool keeps) && !keeps))
            return;
        try
        {
            calls();
        }
        catch (EntryPointNotFoundException)
        {
            // A C library without this function has another allocator.
        }
        catch (DllNotFoundException)
        {
            // So has one of another name.
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int Mallopt(int parameter, int value);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint padding);
}
