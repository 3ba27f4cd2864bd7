using FluentAssertions;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class CommandLineTests(TrainedNetworks trained)
{
    [Theory]
    [InlineData()]
    [InlineData("demo")]
    [InlineData("phantom")]
    [InlineData("inspect")]
    [InlineData("systems")]
    [InlineData("train")]
    [InlineData("evaluate")]
    [InlineData("predict")]
    [InlineData("export-model")]
    [InlineData("reproduce")]
    public void Every_command_explains_itself_with_an_example(params string[] command)
    {
        Kdnet run = Kdnet.Run([.. command, "--help"]);

        run.ExitCode.Should().Be(0);
        run.Error.Should().BeEmpty();
        run.Output.Should().Contain(string.Join(' ', command.Prepend("kdnet")) + " ");
    }

    [Fact]
    public void Without_a_command_the_help_is_shown_as_wrong_usage()
    {
        Kdnet run = Kdnet.Run();

        run.ExitCode.Should().Be(2);
        run.Output.Should().Contain("kdnet demo");
    }

    [Theory]
    [InlineData("trian")]
    [InlineData("train")]
    [InlineData("inspect")]
    [InlineData("inspect", "no-such-folder")]
    [InlineData("phantom", "--out", "x", "--noise", "7")]
    [InlineData("predict", "--modell", "x")]
    public void Wrong_usage_has_exit_code_2_and_one_message(params string[] arguments)
    {
        Kdnet run = Kdnet.Run(arguments);

        run.ExitCode.Should().Be(2);
        run.Error.Should().NotBeEmpty().And.NotContain("   at ");
    }

    [Theory]
    [InlineData("nonsense", "no command 'nonsense'")]
    [InlineData("Train", "Did you mean 'train'?")]
    public void An_unknown_command_is_named_with_those_that_there_are(string command, string expected)
    {
        Kdnet run = Kdnet.Run(command, "--out", "x");

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(expected).And.Contain("predict").And.NotContain("Required");
    }

    [Fact]
    public void A_failure_is_one_sentence_and_with_verbose_also_tells_where()
    {
        string taken = trained.Data;

        Kdnet brief = Kdnet.Run("phantom", "--out", taken);
        Kdnet verbose = Kdnet.Run("phantom", "--out", taken, "--verbose");

        brief.ExitCode.Should().Be(1);
        brief.Error.Should().StartWith("Error: ").And.Contain(taken).And.NotContain("   at ");
        verbose.ExitCode.Should().Be(1);
        verbose.Error.Should().Contain("   at ");
    }

    [Fact]
    public void A_data_set_is_inspected_with_its_problems_by_name()
    {
        string copy = trained.In("faulty");
        StoredFiles.Copy(trained.Data, copy);
        string damaged = Directory.EnumerateFiles(copy, "*0001_1_flair.nii.gz", SearchOption.AllDirectories).Single();
        File.WriteAllText(damaged, "no image");
        File.Delete(Directory.EnumerateFiles(copy, "*0002_1_t2.nii.gz", SearchOption.AllDirectories).Single());

        Kdnet run = Kdnet.Run("inspect", copy, "--crop", "8");

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(1, "a case cannot be used");
        run.Output.Should().Contain("Brats18_PHANTOM_0001_1: ").And.Contain("1 without T2").And.Contain("HGG").And.Contain("16×16×16 voxels")
            .And.MatchRegex(@"crop to 8³ loses [1-9]");
    }
}
