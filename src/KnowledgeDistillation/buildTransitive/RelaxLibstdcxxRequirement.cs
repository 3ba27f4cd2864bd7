#nullable enable
#pragma warning disable IDE0005 // MSBuild compiles this file without implicit usings.
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;

namespace KnowledgeDistillation.Build;

/// <summary>
/// Copies TorchSharp's library for Linux, makes its requirement of GLIBCXX_3.4.32 optional in the copy where this machine's
/// libstdc++ lacks that version and the library does not use it, and warns of what else the machine lacks.
/// </summary>
/// <remarks>Compiled by MSBuild on the machine that builds the application, against .NET Standard 2.0: nothing newer may be used here.</remarks>
public sealed class RelaxLibstdcxxRequirement : Microsoft.Build.Utilities.Task
{
    private const string OptionalVersion = "GLIBCXX_3.4.32";

    /// <summary>The library in NuGet's folder of packages. It is only read.</summary>
    [Required]
    public string Source { get; set; } = "";

    /// <summary>Where the copy goes. A file or a link there is replaced; what the link points to stays as it is.</summary>
    [Required]
    public string Destination { get; set; } = "";

    /// <summary>Whether to relax the requirement whatever this machine has, for an application that will run on another one.</summary>
    public bool Always { get; set; }

    internal Func<ElfRequirement, bool> MachineMeets { get; set; } = Loader.Meets;

    /// <inheritdoc/>
    public override bool Execute()
    {
        string name = Path.GetFileName(Source);
        try
        {
            byte[] image = File.ReadAllBytes(Source);
            var unmet = new List<string>();
            foreach (ElfRequirement requirement in ElfRequirements.Read(image))
            {
                bool mayRelax = requirement.Version == OptionalVersion && !requirement.IsUsed;
                if (requirement.IsOptional || (Always && !mayRelax) || (!Always && MachineMeets(requirement)))
                    continue;
                if (mayRelax)
                {
                    ElfRequirements.MakeOptional(image, requirement);
                    Log.LogMessage(MessageImportance.High, Always
                        ? "KnowledgeDistillation: {0} asks for {1} of {2} but does not use it; the application's copy no longer insists on it."
                        : "KnowledgeDistillation: {0} asks for {1}, which this machine's {2} lacks, but does not use it; "
                            + "the application's copy no longer insists on it.",
                        name, requirement.Version, requirement.Library);
                }
                else
                {
                    unmet.Add($"{requirement.Version} ({requirement.Library})");
                }
            }

            WriteAtomically(image);
            if (unmet.Count > 0)
            {
                Log.LogWarning(null, "KD1001", null, null, 0, 0, 0, 0,
                    "{0} needs {1}, which this machine lacks, so torch does not load here. Run the application on Debian 12, Ubuntu 22.04 or a newer system, "
                        + "or in a container of one.",
                    name, string.Join(", ", unmet));
                // Never up to date, so that each build warns and not only the first.
                File.SetLastWriteTimeUtc(Destination, new DateTime(1980, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Log.LogError(null, "KD1002", null, null, 0, 0, 0, 0,
                "The requirements of {0} could not be examined: {1} With KnowledgeDistillationRelaxLibstdcxx=false the build leaves this step out.",
                Source, exception.Message);
            return false;
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

        /// <summary>
        /// Whether the library that the loader finds has the version, which shows in a symbol of it. Only the C and C++ libraries
        /// are asked: the others (libm, libgcc, the loader, which does not show its own symbols) come with them.
        /// </summary>
        public static bool Meets(ElfRequirement requirement)
        {
            if (requirement.Symbol is null || requirement.Library is not ("libc.so.6" or "libstdc++.so.6"))
                return true;
            try
            {
                return Find(requirement.Library, requirement.Symbol, requirement.Version) != IntPtr.Zero;
            }
            catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
            {
                // Another C library than glibc.
                return false;
            }
        }

        private static IntPtr Find(string library, string symbol, string version)
        {
            try
            {
                IntPtr handle = dlopen(library, Lazy);
                return handle == IntPtr.Zero ? IntPtr.Zero : dlvsym(handle, symbol, version);
            }
            catch (EntryPointNotFoundException)
            {
                // Before glibc 2.34 the loader's functions were in a library of their own.
                IntPtr handle = dlopen_old(library, Lazy);
                return handle == IntPtr.Zero ? IntPtr.Zero : dlvsym_old(handle, symbol, version);
            }
        }

        [DllImport("libc.so.6")]
        private static extern IntPtr dlopen([MarshalAs(UnmanagedType.LPStr)] string library, int flags);

        [DllImport("libc.so.6")]
        private static extern IntPtr dlvsym(IntPtr library, [MarshalAs(UnmanagedType.LPStr)] string symbol, [MarshalAs(UnmanagedType.LPStr)] string version);

        [DllImport("libdl.so.2", EntryPoint = "dlopen")]
        private static extern IntPtr dlopen_old([MarshalAs(UnmanagedType.LPStr)] string library, int flags);

        [DllImport("libdl.so.2", EntryPoint = "dlvsym")]
        private static extern IntPtr dlvsym_old(
            IntPtr library, [MarshalAs(UnmanagedType.LPStr)] string symbol, [MarshalAs(UnmanagedType.LPStr)] string version);
    }
}

/// <summary>One version of another library that a library asks for.</summary>
internal sealed class ElfRequirement
{
    public ElfRequirement(string library, string version, int entry, bool isOptional, string? symbol, bool isUsed)
    {
        (Library, Version, Entry, IsOptional, Symbol, IsUsed) = (library, version, entry, isOptional, symbol, isUsed);
    }

    /// <summary>Such as "libstdc++.so.6".</summary>
    public string Library { get; }

    /// <summary>Such as "GLIBCXX_3.4.32".</summary>
    public string Version { get; }

    /// <summary>The offset of the requirement's entry (Elf64_Vernaux) in the file.</summary>
    public int Entry { get; }

    /// <summary>Whether the loader goes on without the version: the flag VER_FLG_WEAK.</summary>
    public bool IsOptional { get; }

    /// <summary>A symbol that is asked for in this version, or null if there is none.</summary>
    public string? Symbol { get; }

    /// <summary>Whether a relocation refers to a symbol in this version.</summary>
    public bool IsUsed { get; }
}

/// <summary>
/// The version requirements of a 64-bit little-endian ELF library: the section SHT_GNU_verneed of the Linux Standard Base, part
/// "Symbol Versioning".
/// </summary>
internal static class ElfRequirements
{
    private const byte Weak = 2;

    /// <summary>Lists the requirements in the order of the file.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such library or a damaged one.</exception>
    public static IReadOnlyList<ElfRequirement> Read(byte[] image)
    {
        try
        {
            return new ElfImage(image).ReadRequirements();
        }
        catch (Exception exception) when (exception is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("The ELF file is damaged: it refers to places beyond its end.", exception);
        }
    }

    /// <summary>Sets the requirement's flag VER_FLG_WEAK.</summary>
    public static void MakeOptional(byte[] image, ElfRequirement requirement) => image[requirement.Entry + 4] |= Weak;

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

    /// <summary>Offsets and sizes are those of Elf64_Ehdr, Elf64_Shdr, Elf64_Sym, Elf64_Verneed, Elf64_Vernaux, Elf64_Rel and Elf64_Rela.</summary>
    private sealed class ElfImage
    {
        private const int Relocations = 4;
        private const int NoBits = 8;
        private const int RelocationsWithoutAddend = 9;
        private const int DynamicSymbols = 11;
        private const int VersionNeeds = 0x6ffffffe;
        private const int SymbolVersions = 0x6fffffff;
        private const int VersionIndexMask = 0x7fff;

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

        public List<ElfRequirement> ReadRequirements()
        {
            var requirements = new List<ElfRequirement>();
            foreach (Section needs in sections)
            {
                if (needs.Type != VersionNeeds)
                    continue;
                Dictionary<int, string> symbols = FindSymbols();
                HashSet<int> used = FindUsedVersions();
                int entriesLeft = needs.Size / 16;
                int need = needs.Offset, nextNeed;
                do
                {
                    string library = Text(needs.Link, Int32(need + 4));
                    int entry = checked(need + Int32(need + 8)), nextEntry;
                    do
                    {
                        if (--entriesLeft < 0)
                            throw new InvalidDataException("The ELF file is damaged: its list of required versions has no end.");
                        int version = UInt16(entry + 6) & VersionIndexMask;
                        symbols.TryGetValue(version, out string? symbol);
                        requirements.Add(new ElfRequirement(
                            library,
                            Text(needs.Link, Int32(entry + 8)),
                            entry,
                            (bytes[entry + 4] & Weak) != 0,
                            symbol,
                            used.Contains(version)));
                        nextEntry = Int32(entry + 12);
                        entry = checked(entry + nextEntry);
                    }
                    while (nextEntry != 0);
                    nextNeed = Int32(need + 12);
                    need = checked(need + nextNeed);
                }
                while (nextNeed != 0);
            }

            return requirements;
        }

        /// <summary>One symbol of each version.</summary>
        private Dictionary<int, string> FindSymbols()
        {
            var symbols = new Dictionary<int, string>();
            for (int section = 0; section < sections.Length; section++)
            {
                if (sections[section].Type != DynamicSymbols)
                    continue;
                Section versions = VersionsOf(section);
                for (int i = 1; i < sections[section].Size / 24; i++)
                {
                    int version = UInt16(checked(versions.Offset + (i * 2))) & VersionIndexMask;
                    // 0 and 1 stand for symbols without a version.
                    if (version > 1 && !symbols.ContainsKey(version))
                        symbols.Add(version, Text(sections[section].Link, Int32(sections[section].Offset + (i * 24))));
                }
            }

            return symbols;
        }

        /// <summary>The versions of all symbols that relocations refer to.</summary>
        private HashSet<int> FindUsedVersions()
        {
            var used = new HashSet<int>();
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
                    if (symbol != 0)
                        used.Add(UInt16(checked(versions.Offset + (symbol * 2))) & VersionIndexMask);
                }
            }

            return used;
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
