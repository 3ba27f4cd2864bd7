using System.CommandLine;
using FluentAssertions;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>Whatever a user gives by mistake is answered in one sentence that names it, before any work.</summary>
public sealed class WrongInputTests(TrainedNetworks trained) : IDisposable
{
    private const string Nonsense = "0,01 nonsense";

    // Any text can be a path, a pattern or the name of a case.
    private static readonly string[] Texts = ["--out", "--cache", "--only", "--onnx", "--mlflow"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> OptionsWithValues()
    {
        var options = new TheoryData<string, string>();
        foreach (Command command in Root().Subcommands)
        {
            foreach (Option option in command.Options.Where(option => option.ValueType != typeof(bool) && option.Name != "--help"))
                options.Add(command.Name, option.Name);
        }

        return options;
    }

    [Theory]
    [MemberData(nameof(OptionsWithValues))]
    public void An_option_is_refused_by_name_where_its_value_is_empty_or_nonsense(string command, string option)
    {
        foreach (string value in Texts.Contains(option) ? new[] { "", " " } : ["", " ", Nonsense])
        {
            Kdnet run = Kdnet.Run(command, option, value);

            run.ExitCode.Should().Be(2, value);
            run.Error.Should().NotContain("   at ").And.NotContain("System.").And.NotContain("--verbose");
            if (value.Trim().Length > 0 && option is "--model" or "--teacher" or "--teacher-weights")
                continue; // Looked up when the rest of the command line is right: see the tests below.
            run.Error.Should().Contain(option);
        }
    }

    [Fact]
    public void Every_switch_is_false_or_true_and_nothing_else()
    {
        foreach (Command command in Root().Subcommands)
        {
            foreach (Option option in command.Options.Where(option => option.ValueType == typeof(bool)))
                Kdnet.Run(command.Name, $"{option.Name}={Nonsense}").ExitCode.Should().Be(2, $"{command.Name} {option.Name}");
        }
    }

    public static TheoryData<string, string, string[]> Mistakes() => new()
    {
        { "inspect", "<folder> must not be empty", [""] },
        { "inspect", "does not exist", ["MISSING"] },
        { "inspect", "does not exist", ["FILE"] },
        { "evaluate", "(--data) does not exist", ["--data", "FILE", "--model", "MODEL"] },
        { "evaluate", "There is no checkpoint 'MISSING'", ["--data", "DATA", "--model", "MISSING"] },
        { "evaluate", "'FILE' is a file, not a checkpoint", ["--data", "DATA", "--model", "FILE"] },
        { "evaluate", "no checkpoint in 'EMPTY', which is empty", ["--data", "DATA", "--model", "EMPTY"] },
        { "evaluate", "'EMPTY' (--out) is a folder, but a file is written", ["--data", "DATA", "--model", "MODEL", "--out", "EMPTY"] },
        { "evaluate", "'FILE' (--out) is a file", ["--data", "DATA", "--model", "MODEL", "--out", "FILE/scores.csv"] },
        { "evaluate", "Nothing can be written in '/proc' (--out)", ["--data", "DATA", "--model", "MODEL", "--out", "/proc/scores.csv"] },
        { "predict", "There is no checkpoint 'MISSING'", ["--model", "MISSING", "--out", "OUT", "IMAGE"] },
        { "predict", "'FILE' is a file, not a checkpoint", ["--model", "FILE", "--out", "OUT", "IMAGE"] },
        { "predict", "'FILE' (--out) is a file", ["--model", "MODEL", "--out", "FILE", "IMAGE"] },
        { "predict", "Nothing can be written in '/proc' (--out)", ["--model", "MODEL", "--out", "/proc/x", "IMAGE"] },
        { "train", "'FILE' (--out) is a file", ["--system", "baseline", "--data", "DATA", "--out", "FILE"] },
        { "train", "'FILE' (--cache) is a file", ["--system", "baseline", "--data", "DATA", "--out", "OUT", "--cache", "FILE"] },
        { "train", "Nothing can be written in '/proc' (--out)", ["--system", "baseline", "--data", "DATA", "--out", "/proc/x"] },
        { "train", "There is no checkpoint 'MISSING'", ["--system", "kd-net", "--data", "DATA", "--out", "OUT", "--teacher", "MISSING"] },
        { "train", "no checkpoint in 'EMPTY'", ["--system", "kd-net", "--data", "DATA", "--out", "OUT", "--teacher", "EMPTY"] },
        { "phantom", "'FILE' (--out) is a file", ["--out", "FILE"] },
        { "demo", "'FILE' (--out) is a file", ["--out", "FILE"] },
        { "reproduce", "'FILE' (--out) is a file", ["--out", "FILE"] },
        { "reproduce", "Nothing can be written in '/proc' (--out)", ["--out", "/proc/x"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_before_any_work(string command, string message, string[] arguments)
    {
        if (!OperatingSystem.IsLinux() && message.Contains("/proc", StringComparison.Ordinal))
            Assert.Skip("There is no /proc to be refused by on this system.");
        File.WriteAllText(_folder["FILE"], "words");
        Directory.CreateDirectory(_folder["EMPTY"]);
        Kdnet run = Kdnet.Run([command, .. arguments.Select(Real)]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(Real(message)).And.NotContain("   at ");
        run.Output.Should().BeEmpty("nothing is done before");
        _folder.Entries.Should().Equal("EMPTY", "FILE");

        string Real(string text)
        {
            text = text.Replace("DATA", trained.Data, StringComparison.Ordinal).Replace("MODEL", trained.Student, StringComparison.Ordinal)
                .Replace("IMAGE", trained.T1ce[0], StringComparison.Ordinal);
            foreach (string name in new[] { "FILE", "EMPTY", "MISSING", "OUT" })
                text = text.Replace(name, _folder[name], StringComparison.Ordinal);
            return text;
        }
    }

    private static RootCommand Root() => KdnetApplication.CreateRoot(
        new Option<bool>("--verbose"), new CommandServices(new Display(TextWriter.Null, TextWriter.Null), [], CancellationToken.None));
}
