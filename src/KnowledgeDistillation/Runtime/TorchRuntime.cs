using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace KnowledgeDistillation.Runtime;

/// <summary>
/// Checks that the native part of torch loads, before anything else uses it, and says what is missing and what to do if it
/// does not. Without this check the first use of TorchSharp fails with a trace that blames a missing package whatever the cause.
/// </summary>
/// <remarks>Safe to call from several threads.</remarks>
public static class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static readonly Assembly TorchSharpAssembly = typeof(torch).Assembly;
    private static bool isAvailable;

    /// <summary>
    /// Checks that torch computes on a kind of device. The first call loads libtorch, which takes a few tenths of a second; later ones cost nothing.
    /// </summary>
    /// <param name="deviceType">The kind of device that will be used; the CPU if not given.</param>
    /// <exception cref="TorchBackendException">Torch cannot be used, or not on that device.</exception>
    public static void EnsureAvailable(DeviceType deviceType = DeviceType.CPU)
    {
        lock (Gate)
        {
            if (!isAvailable)
                Load();
            isAvailable = true;
        }

        if (deviceType != DeviceType.CPU)
            EnsureDevice(deviceType);
    }

    /// <summary>Checks that torch computes before a network asks torch for anything, in the arguments of its base constructor.</summary>
    /// <returns>The same name.</returns>
    internal static string Checked(string name)
    {
        EnsureAvailable();
        return name;
    }

    /// <summary>
    /// Uses a libtorch that is already on the machine, such as that of a Python installation, instead of one that the application
    /// brings along, and checks that it loads. Must be called before anything else uses torch.
    /// </summary>
    /// <param name="directory">
    /// The folder that holds libtorch (<c>libtorch.so</c>, <c>libtorch.dylib</c> or <c>torch.dll</c>), or the folder of the Python
    /// package <c>torch</c>, whose subfolder <c>lib</c> holds it. Its version should be the one that TorchSharp was made for
    /// (2.10 for TorchSharp 0.107); others may lack functions that are only missed when they are called.
    /// </param>
    /// <exception cref="TorchBackendException">
    /// The folder does not hold libtorch, the libtorch there cannot be used, or another one is loaded or lies in the application's own folder.
    /// </exception>
    public static void UseLibTorch(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        lock (Gate)
        {
            if (LoadedLibTorch() is { } loaded)
            {
                throw new TorchBackendException(
                    TorchBackendProblem.LibTorchAlreadyChosen,
                    $"The libtorch in '{directory}' cannot be used, because '{loaded}' is loaded already. "
                        + "Call TorchRuntime.UseLibTorch before anything else uses torch.");
            }

            string library = FindLibTorch(directory);
            if (ApplicationLibTorch() is { } own && Path.GetDirectoryName(own) != Path.GetDirectoryName(library))
            {
                throw new TorchBackendException(
                    TorchBackendProblem.LibTorchAlreadyChosen,
                    $"The libtorch in '{directory}' cannot be used, because the application brings its own, '{own}'. "
                        + "Build the application without a package that contains libtorch.");
            }

            if (TryLoad(() => NativeLibrary.Load(library)) is { } failure)
                throw TorchLoadFailure.Explain(failure.Message, isLibTorchPresent: true, failure);
        }

        EnsureAvailable();
    }

    /// <summary>
    /// The precision in which a device computes fastest: <see cref="Precision.Mixed"/> on an x64 processor with instructions for bfloat16 (AVX512-BF16 or AMX:
    /// Intel since Cooper Lake, AMD since Zen 4), otherwise <see cref="Precision.Full"/>; so also on a GPU,
    /// because TorchSharp does not say whether it computes in bfloat16.
    /// </summary>
    public static Precision FastestPrecision(DeviceType deviceType = DeviceType.CPU) =>
        deviceType == DeviceType.CPU && ProcessorHasBFloat16() ? Precision.Mixed : Precision.Full;

    private static bool ProcessorHasBFloat16()
    {
        const int ExtendedFeatures = 7, Avx512BFloat16 = 1 << 5, AmxBFloat16 = 1 << 22;
        if (!X86Base.IsSupported || !Avx512F.IsSupported || X86Base.CpuId(0, 0).Eax < ExtendedFeatures)
            return false;
        return (X86Base.CpuId(ExtendedFeatures, 1).Eax & Avx512BFloat16) != 0 || (X86Base.CpuId(ExtendedFeatures, 0).Edx & AmxBFloat16) != 0;
    }

    /// <summary>Loads what TorchSharp loads, in the same order, so that TorchSharp finds it loaded and does not start a search of its own.</summary>
    private static void Load()
    {
        TorchLoadFailure.EnsurePlatform(RuntimeInformation.RuntimeIdentifier);
        FreedMemory.Keep();
        // By its full path where the application brings one: otherwise a damaged one would be passed over for another that the system has.
        string? own = ApplicationLibTorch();
        Exception? libTorchFailure = TryLoad(() => own is null ? NativeLibrary.Load("torch_cpu", TorchSharpAssembly, null) : NativeLibrary.Load(own));
        if (own is not null && libTorchFailure is not null)
            throw TorchLoadFailure.Explain(libTorchFailure.Message, isLibTorchPresent: true, libTorchFailure);
        if (TryLoad(() => NativeLibrary.Load("LibTorchSharp", TorchSharpAssembly, null)) is { } failure)
        {
            bool isLibTorchPresent = libTorchFailure is null || own is not null;
            string? foreign = own is null && isLibTorchPresent ? LoadedLibTorch() : null;
            throw TorchLoadFailure.Explain($"{libTorchFailure?.Message}\n{failure.Message}", isLibTorchPresent, failure, foreign);
        }

        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
        }
        catch (TypeInitializationException exception)
        {
            throw new TorchBackendException(
                TorchBackendProblem.LoadFailed,
                $"TorchSharp could not start, or failed to start earlier in this process: {exception.GetBaseException().Message}",
                exception);
        }
    }

    private static void EnsureDevice(DeviceType deviceType)
    {
        if (deviceType == DeviceType.CUDA)
        {
            if (torch.cuda.is_available())
                return;
            throw new TorchBackendException(
                TorchBackendProblem.DeviceUnavailable,
                TryLoad(() => NativeLibrary.Load("torch_cuda", TorchSharpAssembly, null)) is null
                    ? "CUDA was asked for, but libtorch finds no usable NVIDIA GPU. Check with nvidia-smi that this process sees a GPU and that the driver is "
                        + "recent enough for the CUDA version of libtorch, or use the CPU."
                    : "CUDA was asked for, but the libtorch in use is one for the CPU only. "
                        + "Reference TorchSharp-cuda-linux or TorchSharp-cuda-windows in its place, or use the CPU.");
        }

        try
        {
            using torch.Tensor probe = torch.zeros(1, device: new torch.Device(deviceType));
        }
        catch (Exception exception) when (exception is ExternalException or InvalidOperationException)
        {
            throw new TorchBackendException(
                TorchBackendProblem.DeviceUnavailable,
                $"The device {deviceType} was asked for, but libtorch cannot use it here. Choose another device, such as the CPU. "
                    + $"libtorch says: {exception.Message}",
                exception);
        }
    }

    private static string FindLibTorch(string directory)
    {
        string name = FileName(OperatingSystem.IsWindows() ? "torch" : "libtorch");
        string[] places = [Path.GetFullPath(Path.Combine(directory, name)), Path.GetFullPath(Path.Combine(directory, "lib", name))];
        return places.FirstOrDefault(File.Exists) ?? throw new TorchBackendException(
            TorchBackendProblem.LibTorchMissing,
            $"There is no {name} in '{directory}' or its subfolder 'lib'. Give the folder that holds libtorch; for a Python installation, this prints it: "
                + "python -c \"import torch; print(torch.__path__[0])\".");
    }

    /// <summary>The file of the libtorch that lies where this application's native libraries are looked for, or null.</summary>
    private static string? ApplicationLibTorch()
    {
        string name = FileName(OperatingSystem.IsWindows() ? "torch_cpu" : "libtorch_cpu");
        string folders = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return folders.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Select(folder => Path.GetFullPath(Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>
    /// The file of the libtorch that is in this process, or null. On macOS, where a process cannot list its libraries, only one that was checked before.
    /// </summary>
    private static string? LoadedLibTorch()
    {
        using var process = Process.GetCurrentProcess();
        string? loaded = process.Modules.Cast<ProcessModule>()
            .Select(module => module.FileName)
            .FirstOrDefault(
                file => Path.GetFileName(file).StartsWith(OperatingSystem.IsWindows() ? "torch_cpu." : "libtorch_cpu.", StringComparison.OrdinalIgnoreCase));
        return loaded ?? (isAvailable ? "another libtorch" : null);
    }

    private static string FileName(string library) => library + (OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so");

    private static Exception? TryLoad(Func<nint> load)
    {
        try
        {
            _ = load();
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return exception;
        }
    }
}
