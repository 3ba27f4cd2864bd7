using System.Buffers.Binary;
using System.Text;

namespace KnowledgeDistillation.Tests.Native;

/// <summary>
/// Writes the smallest 64-bit ELF image that has version requirements: one undefined symbol for each required version, and
/// relocations to some of them. Not loadable; it holds only what carries versions.
/// </summary>
internal sealed class TinyElfLibrary
{
    private const int HeaderSize = 64;
    private readonly List<(string Library, string Version)> requirements = [];
    private readonly List<int> relocatedSymbols = [];
    private int versionNeedsOffset;

    /// <summary>Adds a version of a library with one symbol that asks for it; requirements of one library must follow each other.</summary>
    public TinyElfLibrary Require(string library, string version, bool isSymbolRelocated)
    {
        requirements.Add((library, version));
        if (isSymbolRelocated)
            relocatedSymbols.Add(requirements.Count);
        return this;
    }

    /// <summary>The offset of the two bytes of flags of the requirement with this number, after <see cref="ToArray"/>.</summary>
    public int FlagsOffset(int requirement)
    {
        int libraries = requirements.Take(requirement + 1).Select(r => r.Library).Distinct().Count();
        return versionNeedsOffset + (16 * (libraries + requirement)) + 4;
    }

    public byte[] ToArray()
    {
        var names = new StringBuilder("\0");
        int Name(string text)
        {
            int at = names.ToString().IndexOf($"\0{text}\0", StringComparison.Ordinal);
            if (at >= 0)
                return at + 1;
            names.Append(text).Append('\0');
            return names.Length - text.Length - 1;
        }

        byte[] symbols = new byte[24 * (requirements.Count + 1)];
        byte[] versions = new byte[2 * (requirements.Count + 1)];
        for (int i = 0; i < requirements.Count; i++)
        {
            Write32(symbols, 24 * (i + 1), Name($"symbol{i}"));
            Write16(versions, 2 * (i + 1), VersionIndex(i));
        }

        byte[] relocations = new byte[24 * (relocatedSymbols.Count + 1)];
        Write32(relocations, 8, 8); // A relative relocation, which refers to no symbol.
        for (int i = 0; i < relocatedSymbols.Count; i++)
        {
            Write32(relocations, (24 * (i + 1)) + 8, 6);
            Write32(relocations, (24 * (i + 1)) + 12, relocatedSymbols[i]);
        }

        byte[] needs = VersionNeeds(Name);
        (int Type, int Link, byte[] Content)[] sections =
        [
            (0, 0, []),
            (11, 2, symbols),
            (3, 0, Encoding.ASCII.GetBytes(names.ToString())),
            (0x6fffffff, 1, versions),
            (0x6ffffffe, 2, needs),
            (4, 1, relocations),
        ];
        return Assemble(sections);
    }

    private byte[] VersionNeeds(Func<string, int> name)
    {
        var libraries = requirements.Select((requirement, index) => (requirement.Library, requirement.Version, index)).GroupBy(r => r.Library).ToList();
        byte[] needs = new byte[16 * (libraries.Count + requirements.Count)];
        int at = 0;
        foreach (var library in libraries)
        {
            int count = library.Count();
            Write16(needs, at, 1);
            Write16(needs, at + 2, count);
            Write32(needs, at + 4, name(library.Key));
            Write32(needs, at + 8, 16);
            Write32(needs, at + 12, library == libraries[^1] ? 0 : 16 * (count + 1));
            at += 16;
            int left = count;
            foreach (var (_, version, index) in library)
            {
                Write16(needs, at + 6, VersionIndex(index));
                Write32(needs, at + 8, name(version));
                Write32(needs, at + 12, --left == 0 ? 0 : 16);
                at += 16;
            }
        }

        return needs;
    }

    private byte[] Assemble((int Type, int Link, byte[] Content)[] sections)
    {
        int table = HeaderSize + sections.Sum(s => (s.Content.Length + 7) & ~7);
        byte[] image = new byte[table + (HeaderSize * sections.Length)];
        "\u007fELF"u8.CopyTo(image);
        image[4] = 2;
        image[5] = 1;
        Write32(image, 40, table);
        Write16(image, 58, HeaderSize);
        Write16(image, 60, sections.Length);
        int at = HeaderSize;
        for (int i = 0; i < sections.Length; i++)
        {
            (int type, int link, byte[] content) = sections[i];
            content.CopyTo(image, at);
            int header = table + (HeaderSize * i);
            Write32(image, header + 4, type);
            Write32(image, header + 24, at);
            Write32(image, header + 32, content.Length);
            Write32(image, header + 40, link);
            if (type == 0x6ffffffe)
                versionNeedsOffset = at;
            at += (content.Length + 7) & ~7;
        }

        return image;
    }

    /// <summary>0 and 1 mean local and global.</summary>
    private static int VersionIndex(int requirement) => requirement + 2;

    private static void Write16(byte[] bytes, int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), (ushort)value);

    private static void Write32(byte[] bytes, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
}
