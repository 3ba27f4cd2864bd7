using System.Buffers.Binary;
using System.Text;
using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Build;
using Xunit;

namespace KnowledgeDistillation.Tests.Native;

public sealed class ElfRequirementsTests
{
    [Fact]
    public void Each_required_version_is_listed_with_a_symbol_and_whether_a_relocation_uses_it()
    {
        byte[] image = new TinyElfLibrary()
            .Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.29", isSymbolRelocated: false)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.32", isSymbolRelocated: true)
            .ToArray();

        ElfRequirements.Read(image).Select(r => (r.Library, r.Version, r.Symbol, r.IsUsed, r.IsOptional)).Should().Equal(
            ("libc.so.6", "GLIBC_2.34", "symbol0", true, false),
            ("libstdc++.so.6", "GLIBCXX_3.4.29", "symbol1", false, false),
            ("libstdc++.so.6", "GLIBCXX_3.4.32", "symbol2", true, false));
    }

    [Fact]
    public void Making_a_requirement_optional_sets_its_weak_flag_and_nothing_else()
    {
        var elf = new TinyElfLibrary()
            .Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.29", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.32", isSymbolRelocated: false)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.11", isSymbolRelocated: true);
        byte[] image = elf.ToArray();
        byte[] expected = [.. image];
        expected[elf.FlagsOffset(2)] = 2;

        ElfRequirements.MakeOptional(image, ElfRequirements.Read(image)[2]);

        image.Should().Equal(expected);
        ElfRequirements.Read(image).Select(r => r.IsOptional).Should().Equal(false, false, true, false);
    }

    [Fact]
    public void TorchSharps_own_library_asks_for_GLIBCXX_3_4_32_without_using_it()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        Assert.SkipUnless(File.Exists(library), "TorchSharp's library for Linux is not in the output folder on this platform.");

        ElfRequirements.Read(File.ReadAllBytes(library)).Where(r => !r.IsUsed).Should().ContainSingle()
            .Which.Should().Match<ElfRequirement>(r =>
                r.Library == "libstdc++.so.6" && r.Version == "GLIBCXX_3.4.32" && r.Symbol == "_ZSt21ios_base_library_initv");
    }

    [Theory]
    [InlineData("")]
    [InlineData("not an ELF file at all, but long enough to hold the header of one, if it were one")]
    public void A_file_that_is_not_ELF_is_refused(string content)
    {
        Action read = () => ElfRequirements.Read(Encoding.ASCII.GetBytes(content));

        read.Should().Throw<InvalidDataException>().WithMessage("The file is not an ELF file.");
    }

    [Fact]
    public void A_truncated_library_is_refused()
    {
        byte[] image = new TinyElfLibrary().Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: false).ToArray();

        Action read = () => ElfRequirements.Read(image[..^1]);

        read.Should().Throw<InvalidDataException>().WithMessage("The ELF file is damaged: its section headers are not complete.");
    }

    [Fact]
    public void A_list_of_versions_that_runs_in_a_circle_is_refused()
    {
        var elf = new TinyElfLibrary()
            .Require("libstdc++.so.6", "GLIBCXX_3.4.29", isSymbolRelocated: false)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.30", isSymbolRelocated: false);
        byte[] image = elf.ToArray();
        // The second entry names the first as the next one.
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(elf.FlagsOffset(1) + 8), -16);

        Action read = () => ElfRequirements.Read(image);

        read.Should().Throw<InvalidDataException>().WithMessage("*has no end*");
    }

    [Fact]
    public void Damage_of_any_kind_gives_an_answer_or_a_clear_error()
    {
        byte[] sound = new TinyElfLibrary()
            .Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.29", isSymbolRelocated: true)
            .Require("libstdc++.so.6", "GLIBCXX_3.4.32", isSymbolRelocated: false)
            .ToArray();
        Gen<(int At, byte Value)[]> damage = Gen.Select(Gen.Int[4, sound.Length - 1], Gen.Byte).Array[1, 6];

        damage.Sample(
            changes =>
            {
                byte[] image = [.. sound];
                foreach ((int at, byte value) in changes)
                    image[at] = value;
                try
                {
                    ElfRequirements.Read(image);
                }
                catch (InvalidDataException)
                {
                }
            },
            iter: 20_000,
            threads: 1);
    }
}
