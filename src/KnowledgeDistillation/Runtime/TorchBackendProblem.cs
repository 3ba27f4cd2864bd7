namespace KnowledgeDistillation.Runtime;

/// <summary>Why torch cannot be used; see <see cref="TorchBackendException"/>.</summary>
public enum TorchBackendProblem
{
    /// <summary>The dynamic loader refused a library for a reason that is none of the others; the message quotes it.</summary>
    LoadFailed,

    /// <summary>TorchSharp has no native library for this operating system and processor.</summary>
    UnsupportedPlatform,

    /// <summary>libtorch is nowhere to be found: the application references no native package of it, or the given folder does not hold it.</summary>
    LibTorchMissing,

    /// <summary>The machine's libstdc++ lacks a version that a library asks for (Linux).</summary>
    LibstdcxxTooOld,

    /// <summary>The machine's C library lacks a version that a library asks for (Linux).</summary>
    GlibcTooOld,

    /// <summary>libtorch is there but lacks functions that TorchSharp needs: it is of another version.</summary>
    LibTorchIncompatible,

    /// <summary>libtorch runs, but not on the device that was asked for, such as CUDA.</summary>
    DeviceUnavailable,

    /// <summary>Another libtorch was chosen or loaded already; a process can only use one.</summary>
    LibTorchAlreadyChosen,
}
