#nullable enable
#pragma warning disable IDE0005 // MSBuild compiles this file without implicit usings.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;

namespace KnowledgeDistillation.Build;

/// <summary>
/// Copies TorchSharp's library for Linux and makes its requirement of GLIBCXX_3.4.32 optional in the copy where this machine's
/// libstdc++ lacks that version and the library does not use it.
/// </summary>
/// <remarks>Compiled by MSBuild on the machine that builds the application, against .NET Standard 2.0: nothing newer may be used here.</remarks>
public sealed class RelaxLibstdcxxRequirement : Microsoft.Build.Utilities.Task
{
    private const string CppLibrary = "libstdc++.so.6";
    private const string RequiredVersion = "GLIBCXX_3.4.32";
    private const string SymbolOfRequiredVersion = "_ZSt21ios_base_library_initv";
    private static readonly Version RequiredGlibc = new(2, 34);

    /// <summary>The library in NuGet's folder of packages. It is only read.</summary>
    [Required]
    public string Source { get; set; } = "";

    /// <summary>Where the copy goes. A file or a link there is replaced; what the link points to stays as it is.</summary>
    [Required]
    public string Destination { get; set; } = "";

    /// <summary>Whether to relax the requirement whatever this machine has, for an application that will run on an older one.</summary>
    public bool Always { get; set; }

    internal Func<Version?> GlibcOfMachine { get; set; } = Loader.GlibcVersion;

    internal Func<bool> MachineHasRequiredVersion { get; set; } = () => Loader.Provides(CppLibrary, SymbolOfRequiredVersion, RequiredVersion);

    /// <inheritdoc/>
    public override bool Execute()
    {
        string name = Path.GetFileName(Source);
        try
        {
            byte[] image = File.ReadAllBytes(Source);
            bool loads = Always || CheckGlibc(name);
            if (Always || (loads && !MachineHasRequiredVersion()))
                loads = Relax(image, name);
            WriteAtomically(image);
            // Out of date for ever, so that the warning comes with each build and not only with the first.
            if (!loads)
                File.SetLastWriteTimeUtc(Destination, new DateTime(1980, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            return true;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Log.LogError(null, "KD1003", null, null, 0, 0, 0, 0,
                "The requirement of {0} in {1} could not be relaxed: {2} With KnowledgeDistillationRelaxLibstdcxx=false the build leaves this step out.",
                RequiredVersion, Source, exception.Message);
            return false;
        }
    }

    private bool CheckGlibc(string name)
    {
        Version? glibc = GlibcOfMachine();
        if (glibc >= RequiredGlibc)
            return true;
        Log.LogWarning(null, "KD1001", null, null, 0, 0, 0, 0,
            "{0} needs glibc {1} or newer, but this machine has {2}, so torch does not load here. Run the application on Debian 12, Ubuntu 22.04, RHEL 9 "
            + "or a newer system, or in a container of one of these.",
            name, RequiredGlibc, glibc is null ? "another C library" : $"glibc {glibc}");
        return false;
    }

    private bool Relax(byte[] image, string name)
    {
        switch (ElfVersionRequirement.Relax(image, CppLibrary, RequiredVersion))
        {
            case ElfRelaxation.InUse:
                Log.LogWarning(null, "KD1002", null, null, 0, 0, 0, 0,
                    "{0} uses symbols of {1}, so it does not load where {2} lacks that version. Install libstdc++ of GCC 13 or newer, or run the application "
                    + "on Debian 13, Ubuntu 24.04 or a newer system, or in a container of one of these.",
                    name, RequiredVersion, CppLibrary);
                return false;
            case ElfRelaxation.Relaxed:
                Log.LogMessage(MessageImportance.High, Always
                    ? "KnowledgeDistillation: {0} asks for {1} of {2} but does not use it; the application's copy no longer insists on it."
                    : "KnowledgeDistillation: {0} asks for {1}, which this machine's {2} lacks, but does not use it; the application's copy no longer insists on it.",
                    name, RequiredVersion, CppLibrary);
                return true;
            default:
                return true;
        }
    }

    private void WriteAtomically(byte[] image)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(Destination))!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(temporary, image);
            // A rename puts the new file in the place of a link, where a copy would write through it.
            if (File.Exists(Destination))
                File.Replace(temporary, Destination, null);
            else
                File.Move(temporary, Destination);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Asks this machine's dynamic loader, which finds libraries as it will for the application.</summary>
    private static class Loader
    {
        private const int Lazy = 1;

        public static Version? GlibcVersion()
        {
            try
            {
                return Version.TryParse(Marshal.PtrToStringAnsi(gnu_get_libc_version()), out Version? version) ? version : null;
            }
            catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
            {
                return null;
            }
        }

        /// <summary>Whether the library that the loader finds has the symbol in the version.</summary>
        public static bool Provides(string library, string symbol, string version)
        {
            try
            {
                IntPtr handle = dlopen(library, Lazy);
                return handle != IntPtr.Zero && dlvsym(handle, symbol, version) != IntPtr.Zero;
            }
            catch (EntryPointNotFoundException)
            {
                // Before glibc 2.34 the loader's functions were in a library of their own.
                IntPtr handle = dlopen_old(library, Lazy);
                return handle != IntPtr.Zero && dlvsym_old(handle, symbol, version) != IntPtr.Zero;
            }
        }

        [DllImport("libc.so.6")]
        private static extern IntPtr gnu_get_libc_version();

        [DllImport("libc.so.6")]
        private static extern IntPtr dlopen([MarshalAs(UnmanagedType.LPStr)] string library, int flags);

        [DllImport("libc.so.6")]
        private static extern IntPtr dlvsym(IntPtr library, [MarshalAs(UnmanagedType.LPStr)] string symbol, [MarshalAs(UnmanagedType.LPStr)] string version);

        [DllImport("libdl.so.2", EntryPoint = "dlopen")]
        private static extern IntPtr dlopen_old([MarshalAs(UnmanagedType.LPStr)] string library, int flags);

        [DllImport("libdl.so.2", EntryPoint = "dlvsym")]
        private static extern IntPtr dlvsym_old(IntPtr library, [MarshalAs(UnmanagedType.LPStr)] string symbol, [MarshalAs(UnmanagedType.LPStr)] string version);
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
/// The version requirements of a 64-bit little-endian ELF library: section SHT_GNU_verneed of the Linux Standard Base, part
/// "Symbol Versioning". A requirement with the flag VER_FLG_WEAK does not keep the loader from loading the library.
/// </summary>
internal static class ElfVersionRequirement
{
    /// <summary>Sets VER_FLG_WEAK on the requirement of one version of one library, unless a relocation refers to a symbol of that version.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such library or a damaged one; they are unchanged.</exception>
    public static ElfRelaxation Relax(byte[] image, string library, string version)
    {
        try
        {
            return new ElfImage(image).Relax(library, version);
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

        /// <summary>The section of the names or symbols that this one refers to.</summary>
        public int Link { get; }
    }

    /// <summary>Offsets and sizes are those of Elf64_Ehdr, Elf64_Shdr, Elf64_Verneed, Elf64_Vernaux, Elf64_Rel and Elf64_Rela.</summary>
    private sealed class ElfImage
    {
        private const int Relocations = 4;
        private const int NoBits = 8;
        private const int RelocationsWithoutAddend = 9;
        private const int DynamicSymbols = 11;
        private const int VersionNeeds = 0x6ffffffe;
        private const int SymbolVersions = 0x6fffffff;
        private const int VersionIndexMask = 0x7fff;
        private const byte Weak = 2;

        private readonly byte[] bytes;
        private readonly Section[] sections;

        public ElfImage(byte[] bytes)
        {
            this.bytes = bytes;
            if (bytes.Length < 64 || bytes[0] != 0x7f || bytes[1] != 'E' || bytes[2] != 'L' || bytes[3] != 'F')
                throw new InvalidDataException("The file is not an ELF file.");
            if (bytes[4] != 2 || bytes[5] != 1)
                throw new InvalidDataException("The ELF file is not a 64-bit little-endian one.");
            int table = Offset(40), entrySize = UInt16(58);
            sections = new Section[UInt16(60)];
            if (sections.Length == 0)
                throw new InvalidDataException("The ELF file has no section headers.");
            if (entrySize < 64 || entrySize * (long)sections.Length > bytes.Length - table)
                throw new InvalidDataException("The ELF file is damaged: its section headers are not complete.");
            for (int i = 0; i < sections.Length; i++)
                sections[i] = ReadSection(table + (i * entrySize));
        }

        public ElfRelaxation Relax(string library, string version)
        {
            int requirement = FindRequirement(library, version);
            if (requirement < 0)
                return ElfRelaxation.NotRequired;
            if ((bytes[requirement + 4] & Weak) != 0)
                return ElfRelaxation.AlreadyOptional;
            if (IsUsed(UInt16(requirement + 6) & VersionIndexMask))
                return ElfRelaxation.InUse;
            bytes[requirement + 4] |= Weak;
            return ElfRelaxation.Relaxed;
        }

        /// <summary>The offset of the version's entry (Elf64_Vernaux), or -1.</summary>
        private int FindRequirement(string library, string version)
        {
            foreach (Section needs in sections)
            {
                if (needs.Type != VersionNeeds)
                    continue;
                int entriesLeft = needs.Size / 16;
                int need = needs.Offset, nextNeed;
                do
                {
                    bool isLibrary = Text(needs.Link, Int32(need + 4)) == library;
                    int item = checked(need + Int32(need + 8)), nextItem;
                    do
                    {
                        if (--entriesLeft < 0)
                            throw new InvalidDataException("The ELF file is damaged: its list of required versions has no end.");
                        if (isLibrary && Text(needs.Link, Int32(item + 8)) == version)
                            return item;
                        nextItem = Int32(item + 12);
                        item = checked(item + nextItem);
                    }
                    while (nextItem != 0);
                    nextNeed = Int32(need + 12);
                    need = checked(need + nextNeed);
                }
                while (nextNeed != 0);
            }

            return -1;
        }

        /// <summary>Whether a relocation refers to a symbol of the version with this index.</summary>
        private bool IsUsed(int versionIndex)
        {
            foreach (Section relocations in sections)
            {
                if (relocations.Type is not (Relocations or RelocationsWithoutAddend) || sections[relocations.Link].Type != DynamicSymbols)
                    continue;
                Section versions = VersionsOf(relocations.Link);
                int size = relocations.Type == Relocations ? 24 : 16;
                for (int i = 0; i < relocations.Size; i += size)
                {
                    // The upper half of r_info is the symbol; 0 stands for none.
                    int symbol = Int32(checked(relocations.Offset + i + 12));
                    if (symbol != 0 && (UInt16(checked(versions.Offset + (symbol * 2))) & VersionIndexMask) == versionIndex)
                        return true;
                }
            }

            return false;
        }

        private Section VersionsOf(int symbols)
        {
            foreach (Section section in sections)
            {
                if (section.Type == SymbolVersions && section.Link == symbols)
                    return section;
            }

            throw new InvalidDataException("The ELF file is damaged: its dynamic symbols have no versions.");
        }

        private Section ReadSection(int header)
        {
            int type = Int32(header + 4), link = Int32(header + 40);
            if (type is 0 or NoBits)
                return new Section(type, 0, 0, link);
            int offset = Offset(header + 24), size = Offset(header + 32);
            if (size > bytes.Length - offset)
                throw new InvalidDataException("The ELF file is damaged: a section ends beyond the end of the file.");
            return new Section(type, offset, size, link);
        }

        private string Text(int section, int offset)
        {
            int start = checked(sections[section].Offset + offset);
            int end = Array.IndexOf(bytes, (byte)0, start);
            if (end < 0)
                throw new InvalidDataException("The ELF file is damaged: a name has no end.");
            return Encoding.ASCII.GetString(bytes, start, end - start);
        }

        private int Offset(int at)
        {
            long value = (uint)Int32(at) | ((long)Int32(checked(at + 4)) << 32);
            if (value < 0 || value > bytes.Length)
                throw new InvalidDataException("The ELF file is damaged: it refers to places beyond its end.");
            return (int)value;
        }

        private int Int32(int at) => UInt16(at) | (UInt16(checked(at + 2)) << 16);

        private int UInt16(int at) => bytes[at] | (bytes[checked(at + 1)] << 8);
    }
}
