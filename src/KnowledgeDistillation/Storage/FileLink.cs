using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Storage;

/// <summary>Gives a file a name that no other file has, in one step.</summary>
/// <remarks>
/// On Unix, <see cref="File.Move(string, string, bool)"/> looks whether the name is taken and then renames, so that of several callers at once more than
/// one may succeed. A hard link is made by one of them only, also on network file systems.
/// </remarks>
internal static partial class FileLink
{
    private const int AlreadyThere = 17;

    /// <summary>Renames a file.</summary>
    /// <param name="from">The file.</param>
    /// <param name="to">Its new name in the same folder.</param>
    /// <exception cref="IOException">The name is taken, or the file cannot be renamed.</exception>
    public static void MoveNew(string from, string to)
    {
        switch (TryLink(from, to))
        {
            case 0:
                File.Delete(from);
                break;
            case AlreadyThere:
                throw new IOException($"The file '{to}' already exists.");
            default:
                // Windows does it in one step; a file system without hard links has no better way.
                File.Move(from, to, overwrite: false);
                break;
        }
    }

    // 0, or the number of the error.
    private static int TryLink(string from, string to)
    {
        try
        {
            int result = OperatingSystem.IsLinux() ? LinkOnLinux(from, to) : OperatingSystem.IsMacOS() ? LinkOnMacOS(from, to) : -1;
            return result == 0 ? 0 : Math.Max(1, Marshal.GetLastPInvokeError());
        }
        catch (DllNotFoundException)
        {
            return 1;
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkOnLinux(string from, string to);

    [LibraryImport("libSystem.dylib", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkOnMacOS(string from, string to);
}
