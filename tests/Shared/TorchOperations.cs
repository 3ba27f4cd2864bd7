using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchSharp;

namespace KnowledgeDistillation.Tests;

/// <summary>
/// The operations that torch does meanwhile, forward and backward, by the observer that torch's own profiler uses. On a GPU each of those that compute is a
/// kernel or more that has to be launched. Only where libtorch exports its functions under the names of the C++ ABI of Linux.
/// </summary>
internal sealed class TorchOperations
{
    // As in ATen/record_function.h. Whatever follows the flag of the scope of functions in the structure is 0: no other scope, no inputs, no outputs.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Observer(nint start, nint end)
    {
        private readonly nint _start = start;
        private readonly nint _end = end;
        private readonly double _share = 1;
        private readonly long _scopeOfFunctions = 1;
        private readonly long _rest = 0;
    }

    private delegate nint Start(nint context, nint operation);

    private delegate void End(nint operation, nint context);

    private delegate ulong Add(Observer observer);

    private delegate void Remove(ulong handle);

    private delegate nint Name(nint operation);

    // Views and what only wraps another operation cost no kernel.
    private static readonly HashSet<string> Free =
    [
        "aten::view", "aten::alias", "aten::detach", "aten::narrow", "aten::slice", "aten::select", "aten::expand", "aten::permute",
        "aten::transpose", "aten::t", "aten::unsqueeze", "aten::squeeze", "aten::as_strided", "aten::reshape", "aten::_reshape_alias",
        "aten::_unsafe_view", "aten::flatten", "aten::empty", "aten::empty_like", "aten::empty_strided", "aten::to", "aten::contiguous",
        "aten::expand_as", "aten::view_as", "aten::resolve_conj", "aten::resolve_neg", "aten::is_nonzero", "aten::resize_", "aten::requires_grad_",
        "aten::unbind", "aten::split", "aten::chunk", "aten::result_type", "aten::detach_", "detach", "aten::as_strided_",
    ];

    // What cannot be queued on a GPU, because the host must know a value before it goes on.
    private static readonly HashSet<string> Waiting =
    [
        "aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::is_nonzero", "aten::masked_select", "aten::_unique2", "aten::unique_dim",
        "aten::bincount", "aten::item",
    ];

    // What a GPU does at once for all tensors of a list, a CPU does for each.
    private const string OnLists = "aten::_foreach_";

    [ThreadStatic]
    private static int depth;

    [ThreadStatic]
    private static int children;

    [ThreadStatic]
    private static int depthInList;

    private readonly ConcurrentQueue<(string Name, int Depth)> _all = new();
    private readonly ConcurrentQueue<string> _innermost = new();

    private TorchOperations()
    {
    }

    public static bool CanBeCounted => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>All operations, also those within others.</summary>
    public IEnumerable<string> All => _all.Select(operation => operation.Name);

    /// <summary>Calls from outside, and what the backward pass calls.</summary>
    public int Calls => _all.Count(operation => operation.Depth == 0);

    /// <summary>Those that do the work: innermost ones that are more than a view.</summary>
    public int Kernels => _innermost.Count(name => !Free.Contains(name));

    /// <summary>How often the host must wait for a value. What TorchSharp reads of a tensor on a CPU goes by no operation and is not among these.</summary>
    public int Waits => All.Count(Waiting.Contains);

    /// <summary>The most frequent of those that do the work.</summary>
    public IEnumerable<(string Name, int Count)> MostFrequent =>
        _innermost.Where(name => !Free.Contains(name)).GroupBy(name => name).Select(group => (group.Key, group.Count())).OrderByDescending(item => item.Item2);

    /// <summary>Observes all threads until the action ends.</summary>
    public static TorchOperations During(Action action)
    {
        var operations = new TorchOperations();
        nint library = NativeLibrary.Load("torch_cpu", typeof(torch).Assembly, null);
        Name nameOf = Function<Name>(library, "_ZNK2at14RecordFunction4nameEv");
        // Held until the observer is removed: torch calls them by their addresses.
        Start start = (context, operation) =>
        {
            Marshal.WriteIntPtr(context, 0);
            string name = Marshal.PtrToStringUTF8(nameOf(operation))!;
            operations._all.Enqueue((name, depth));
            depth++;
            children = 0;
            if (depthInList > 0 || name.StartsWith(OnLists, StringComparison.Ordinal))
                depthInList++;
            return context;
        };
        End end = (operation, _) =>
        {
            if (depthInList > 0 ? --depthInList == 0 : children == 0)
                operations._innermost.Enqueue(Marshal.PtrToStringUTF8(nameOf(operation))!);
            children = 1;
            depth--;
        };
        ulong handle = Function<Add>(library, "_ZN2at17addGlobalCallbackENS_22RecordFunctionCallbackE")(
            new Observer(Marshal.GetFunctionPointerForDelegate(start), Marshal.GetFunctionPointerForDelegate(end)));
        try
        {
            action();
        }
        finally
        {
            Function<Remove>(library, "_ZN2at14removeCallbackEm")(handle);
            GC.KeepAlive(start);
            GC.KeepAlive(end);
        }

        return operations;
    }

    private static T Function<T>(nint library, string name) => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(library, name));
}
