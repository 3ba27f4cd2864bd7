using System.Buffers.Binary;
using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Build;
using Xunit;

namespace KnowledgeDistillation.Tests.Native;

public sealed class ElfVersionRequirementTests
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";

    [Fact]
    public void An_unused_requirement_becomes_weak_and_nothing_else_changes()
    {
        var elf = new TinyElfLibrary()
            .Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: true)
            .Require(Library, "GLIBCXX_3.4.29", isSymbolRelocated: true)
            .Require(Library, Version, isSymbolRelocated: false)
            .Require(Library, "GLIBCXX_3.4.11", isSymbolRelocated: true);
        byte[] original = elf.ToArray();
        byte[] image = [.. original];

        ElfVersionRequirement.Relax(image, Library, Version).Should().Be(ElfRelaxation.Relaxed);

        byte[] expected = [.. original];
        expected[elf.FlagsOffset(2)] = 2;
        image.Should().Equal(expected);
    }

    [Fact]
    public void A_requirement_that_a_relocation_uses_is_refused()
    {
        byte[] original = new TinyElfLibrary()
            .Require(Library, "GLIBCXX_3.4.29", isSymbolRelocated: false)
            .Require(Library, Version, isSymbolRelocated: true)
            .ToArray();
        byte[] image = [.. original];

        ElfVersionRequirement.Relax(image, Library, Version).Should().Be(ElfRelaxation.InUse);

        image.Should().Equal(original);
    }

    [Fact]
    public void A_library_without_the_requirement_is_left_alone()
    {
        byte[] original = new TinyElfLibrary()
            .Require("libc.so.6", Version, isSymbolRelocated: false)
            .Require(Library, "GLIBCXX_3.4.3", isSymbolRelocated: false)
            .ToArray();
        byte[] image = [.. original];

        ElfVersionRequirement.Relax(image, Library, Version).Should().Be(ElfRelaxation.NotRequired);

        image.Should().Equal(original);
    }

    [Fact]
    public void Relaxing_twice_changes_nothing_more()
    {
        byte[] image = new TinyElfLibrary().Require(Library, Version, isSymbolRelocated: false).ToArray();
        ElfVersionRequirement.Relax(image, Library, Version);
        byte[] once = [.. image];

        ElfVersionRequirement.Relax(image, Library, Version).Should().Be(ElfRelaxation.AlreadyOptional);

        image.Should().Equal(once);
    }

    [Fact]
    public void TorchSharps_own_library_asks_for_the_version_without_using_it()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        Assert.SkipUnless(File.Exists(library), "TorchSharp's library for Linux is not in the output folder on this platform.");
        byte[] image = File.ReadAllBytes(library);

        ElfVersionRequirement.Relax(image, Library, Version).Should().BeOneOf(ElfRelaxation.Relaxed, ElfRelaxation.AlreadyOptional);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not an ELF file at all, but long enough to hold the header of one, if it were one")]
    public void A_file_that_is_not_ELF_is_refused(string content)
    {
        Action relax = () => ElfVersionRequirement.Relax(System.Text.Encoding.ASCII.GetBytes(content), Library, Version);

        relax.Should().Throw<InvalidDataException>().WithMessage("The file is not an ELF file.");
    }

    [Fact]
    public void A_truncated_library_is_refused()
    {
        byte[] image = new TinyElfLibrary().Require(Library, Version, isSymbolRelocated: false).ToArray();

        Action relax = () => ElfVersionRequirement.Relax(image[..^1], Library, Version);

        relax.Should().Throw<InvalidDataException>().WithMessage("The ELF file is damaged: its section headers are not complete.");
    }

    [Fact]
    public void A_list_of_versions_that_runs_in_a_circle_is_refused()
    {
        var elf = new TinyElfLibrary()
            .Require(Library, "GLIBCXX_3.4.29", isSymbolRelocated: false)
            .Require(Library, "GLIBCXX_3.4.30", isSymbolRelocated: false);
        byte[] image = elf.ToArray();
        // The second entry names the first as the next one.
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(elf.FlagsOffset(1) + 8), -16);

        Action relax = () => ElfVersionRequirement.Relax(image, Library, Version);

        relax.Should().Throw<InvalidDataException>().WithMessage("*has no end*");
    }

    [Fact]
    public void Any_damage_gives_an_answer_or_a_clear_error_and_changes_at_most_one_flag()
    {
        byte[] sound = new TinyElfLibrary()
            .Require("libc.so.6", "GLIBC_2.34", isSymbolRelocated: true)
            .Require(Library, "GLIBCXX_3.4.29", isSymbolRelocated: true)
            .Require(Library, Version, isSymbolRelocated: false)
            .ToArray();
        Gen<(int At, byte Value)[]> damage = Gen.Select(Gen.Int[4, sound.Length - 1], Gen.Byte).Array[1, 6];

        damage.Sample(
            changes =>
            {
                byte[] image = [.. sound];
                foreach ((int at, byte value) in changes)
                    image[at] = value;
                byte[] before = [.. image];
                ElfRelaxation? result = null;
                try
                {
                    result = ElfVersionRequirement.Relax(image, Library, Version);
                }
                catch (InvalidDataException)
                {
                }

                int changed = image.Zip(before).Count(pair => pair.First != pair.Second);
                return changed == (result == ElfRelaxation.Relaxed ? 1 : 0);
            },
            iter: 20_000,
            threads: 1);
    }
}
