#nullable enable
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace KnowledgeDistillation.Build;

/// <summary>
/// Writes a copy of a shared library in which the requirement of GLIBCXX_3.4.32 is optional. Compiled by MSBuild where it runs
/// (KnowledgeDistillation.targets), so it uses nothing beyond .NET Standard 2.0.
/// </summary>
public sealed class RelaxLibstdcxxRequirement : Task
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";
    private static readonly Version RequiredGlibc = new(2, 34);

    /// <summary>The library as the package holds it; never written to.</summary>
    [Required]
    public string Source { get; set; } = "";

    /// <summary>Where the copy goes.</summary>
    [Required]
    public string Destination { get; set; } = "";

    /// <summary>Relax the requirement even where this machine fulfils it, for an application that is to run on an older machine.</summary>
    public bool Always { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        string name = Path.GetFileName(Source);
        try
        {
            if (GlibcVersion() is { } glibc && glibc < RequiredGlibc)
            {
                Log.LogWarning(null, "KD1001", null, null, 0, 0, 0, 0,
                    "{0} needs glibc {1} or newer, but this machine has glibc {2}, so torch will not load here. Run the application on a newer system "
                    + "(Debian 12, Ubuntu 22.04, RHEL 9 or later) or in a container of one.", name, RequiredGlibc, glibc);
            }

            byte[] image = File.ReadAllBytes(Source);
            bool isMissing = Always || !SystemProvidesVersion();
            string? note = null;
            if (isMissing)
            {
                switch (ElfVersionRequirement.Relax(image, Library, Version))
                {
                    case ElfRelaxation.Relaxed:
                        note = Always
                            ? $"KnowledgeDistillation: {name} in the output no longer insists on {Version} of {Library}, which it does not use."
                            : $"KnowledgeDistillation: this machine's {Library} lacks {Version}, which {name} asks for but does not use; the copy in the output no longer insists on it.";
                        break;
                    case ElfRelaxation.InUse:
                        Log.LogWarning(null, "KD1002", null, null, 0, 0, 0, 0,
                            "{0} uses symbols of {1}, which this machine's {2} lacks, so torch will not load here. Install a newer {2} (GCC 13 or later) or run on a newer system.", name, Version, Library);
                        break;
                }
            }

            Write(image);
            if (note != null)
                Log.LogMessage(MessageImportance.High, note);
            return true;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Log.LogError(null, "KD1003", null, null, 0, 0, 0, 0,
                "The requirement of {0} in {1} could not be examined: {2} Set KnowledgeDistillationRelaxLibstdcxx to false to build without this step.", Version, Source, exception.Message);
            return false;
        }
    }

    private void Write(byte[] image)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(Destination))!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(temporary, image);
            if (File.Exists(Destination))
                File.Delete(Destination);
            File.Move(temporary, Destination);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static bool SystemProvidesVersion()
    {
        IntPtr library = NativeMethods.Open(Library);
        return library != IntPtr.Zero && NativeMethods.Symbol(library, Version, Version) != IntPtr.Zero;
    }

    private static Version? GlibcVersion()
    {
        try
        {
            return System.Version.TryParse(Marshal.PtrToStringAnsi(NativeMethods.GlibcVersion()), out Version? version) ? version : null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    private static class NativeMethods
    {
        private const int Lazy = 1;

        public static IntPtr Open(string library)
        {
            try
            {
                return OpenLibc(library, Lazy);
            }
            catch (EntryPointNotFoundException)
            {
                return OpenLibdl(library, Lazy);
            }
        }

        public static IntPtr Symbol(IntPtr library, string symbol, string version)
        {
            try
            {
                return SymbolLibc(library, symbol, version);
            }
            catch (EntryPointNotFoundException)
            {
                return SymbolLibdl(library, symbol, version);
            }
        }

        [DllImport("libc.so.6", EntryPoint = "gnu_get_libc_version")]
        public static extern IntPtr GlibcVersion();

        [DllImport("libc.so.6", EntryPoint = "dlopen")]
        private static extern IntPtr OpenLibc(string library, int flags);

        [DllImport("libdl.so.2", EntryPoint = "dlopen")]
        private static extern IntPtr OpenLibdl(string library, int flags);

        [DllImport("libc.so.6", EntryPoint = "dlvsym")]
        private static extern IntPtr SymbolLibc(IntPtr library, string symbol, string version);

        [DllImport("libdl.so.2", EntryPoint = "dlvsym")]
        private static extern IntPtr SymbolLibdl(IntPtr library, string symbol, string version);
    }
}

/// <summary>What became of a version requirement.</summary>
internal enum ElfRelaxation
{
    /// <summary>The library does not ask for the version.</summary>
    NotRequired,

    /// <summary>The requirement was optional already.</summary>
    AlreadyOptional,

    /// <summary>The requirement is optional now.</summary>
    Relaxed,

    /// <summary>A relocation uses a symbol of the version; nothing was changed.</summary>
    InUse,
}

/// <summary>
/// The version requirements of a 64-bit little-endian ELF shared library (section SHT_GNU_verneed, System V gABI and the
/// "Symbol Versioning" chapter of the Linux Standard Base).
/// </summary>
internal static class ElfVersionRequirement
{
    private const int SectionRela = 4;
    private const int SectionRel = 9;
    private const int SectionDynamicSymbols = 11;
    private const int SectionVersionNeeds = 0x6ffffffe;
    private const int SectionSymbolVersions = 0x6fffffff;
    private const int FlagWeak = 2;

    /// <summary>
    /// Marks the requirement of one version of one library as weak (VER_FLG_WEAK): the dynamic loader then goes on where the
    /// version is missing. Refuses where a relocation refers to a symbol of the version.
    /// </summary>
    /// <exception cref="InvalidDataException">The image is no such library, or is damaged; it is unchanged.</exception>
    public static ElfRelaxation Relax(byte[] image, string library, string version)
    {
        try
        {
            return new Image(image).Relax(library, version);
        }
        catch (Exception exception) when (exception is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("The ELF file is damaged: it refers to places beyond its end.", exception);
        }
    }

    private readonly struct Section
    {
        public Section(int type, int offset, int size, int link)
        {
            (Type, Offset, Size, Link) = (type, offset, size, link);
        }

        public int Type { get; }

        public int Offset { get; }

        public int Size { get; }

        public int Link { get; }
    }

    private sealed class Image
    {
        private readonly byte[] bytes;
        private readonly Section[] sections;

        public Image(byte[] bytes)
        {
            this.bytes = bytes;
            if (bytes.Length < 64 || bytes[0] != 0x7f || bytes[1] != 'E' || bytes[2] != 'L' || bytes[3] != 'F')
                throw new InvalidDataException("The file is not an ELF file.");
            if (bytes[4] != 2 || bytes[5] != 1)
                throw new InvalidDataException("The ELF file is not 64-bit little-endian.");
            sections = new Section[UInt16(60)];
            int table = Offset(40), entry = UInt16(58);
            for (int i = 0; i < sections.Length; i++)
            {
                int header = checked(table + (i * entry));
                int type = Int32(header + 4);
                const int noBits = 8;
                var section = new Section(type, type == noBits ? 0 : Offset(header + 24), type == noBits ? 0 : Offset(header + 32), Int32(header + 40));
                if ((long)section.Offset + section.Size > bytes.Length)
                    throw new InvalidDataException("The ELF file is damaged: a section ends beyond the end of the file.");
                sections[i] = section;
            }
        }

        public ElfRelaxation Relax(string library, string version)
        {
            int requirement = FindRequirement(library, version);
            if (requirement < 0)
                return ElfRelaxation.NotRequired;
            int flags = UInt16(requirement + 4);
            if ((flags & FlagWeak) != 0)
                return ElfRelaxation.AlreadyOptional;
            if (IsUsed(UInt16(requirement + 6) & 0x7fff))
                return ElfRelaxation.InUse;
            bytes[requirement + 4] |= FlagWeak;
            return ElfRelaxation.Relaxed;
        }

        /// <summary>The offset of the Elf64_Vernaux of the version, or -1.</summary>
        private int FindRequirement(string library, string version)
        {
            foreach (Section needs in sections)
            {
                if (needs.Type != SectionVersionNeeds)
                    continue;
                Section strings = sections[needs.Link];
                // Each entry takes 16 bytes, so a chain that is longer than the section runs in a circle.
                int left = needs.Size / 16;
                for (int need = needs.Offset, next = -1; next != 0; need = checked(need + next))
                {
                    for (int item = checked(need + Int32(need + 8)), following = -1; following != 0; item = checked(item + following))
                    {
                        if (left-- < 0)
                            throw new InvalidDataException("The ELF file is damaged: its version requirements form a circle.");
                        if (Text(strings, Int32(item + 8)) == version && Text(strings, Int32(need + 4)) == library)
                            return item;
                        following = Int32(item + 12);
                    }

                    next = Int32(need + 12);
                }
            }

            return -1;
        }

        /// <summary>Whether a relocation refers to a symbol of the version with this index.</summary>
        private bool IsUsed(int versionIndex)
        {
            foreach (Section relocations in sections)
            {
                if (relocations.Type is not (SectionRela or SectionRel))
                    continue;
                int symbols = relocations.Link;
                if (symbols <= 0 || sections[symbols].Type != SectionDynamicSymbols)
                    continue;
                Section versions = VersionsOf(symbols);
                int size = relocations.Type == SectionRela ? 24 : 16;
                for (int i = 0; i + size <= relocations.Size; i += size)
                {
                    // The symbol's index is the upper half of r_info; index 0 means no symbol.
                    int symbol = Int32(relocations.Offset + i + 12);
                    if (symbol != 0 && (UInt16(checked(versions.Offset + (symbol * 2))) & 0x7fff) == versionIndex)
                        return true;
                }
            }

            return false;
        }

        private Section VersionsOf(int symbols)
        {
            foreach (Section section in sections)
            {
                if (section.Type == SectionSymbolVersions && section.Link == symbols)
                    return section;
            }

            throw new InvalidDataException("The ELF file is damaged: its dynamic symbols have no versions.");
        }

        private string Text(Section strings, int offset)
        {
            int start = checked(strings.Offset + offset);
            int end = Array.IndexOf(bytes, (byte)0, start);
            if (offset < 0 || end < 0)
                throw new InvalidDataException("The ELF file is damaged: a name has no end.");
            return Encoding.ASCII.GetString(bytes, start, end - start);
        }

        private int Offset(int at)
        {
            long value = Int64(at);
            if (value < 0 || value > bytes.Length)
                throw new InvalidDataException("The ELF file is damaged: it refers to places beyond its end.");
            return (int)value;
        }

        private int UInt16(int at) => bytes[at] | (bytes[checked(at + 1)] << 8);

        private int Int32(int at) => UInt16(at) | (UInt16(checked(at + 2)) << 16);

        private long Int64(int at) => (uint)Int32(at) | ((long)Int32(checked(at + 4)) << 32);
    }
}
