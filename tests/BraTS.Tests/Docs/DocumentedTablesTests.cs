using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests.Docs;

/// <summary>
/// The tables of systems and options in the documentation are those of the program.
/// <c>WRITE_DOCS=1 dotnet test tests/BraTS.Tests --filter DocumentedTables</c> writes them again.
/// </summary>
public sealed partial class DocumentedTablesTests
{
    [Theory]
    [InlineData("kdnet.md")]
    [InlineData("reproduce.md")]
    public void The_tables_of_a_page_are_those_of_the_program(string page)
    {
        string path = Path.Combine(SharedData.CheckoutFolder, "docs", page);
        string text = File.ReadAllText(path);
        string wanted = Table().Replace(text, table => $"<!-- {table.Groups["what"].Value} -->\n{Of(table.Groups["what"].Value)}<!-- end -->");
        Table().Count(text).Should().Be(text.Split("<!-- systems").Length + text.Split("<!-- options").Length - 2).And.BePositive();

        if (Environment.GetEnvironmentVariable("WRITE_DOCS") == "1")
            File.WriteAllText(path, wanted);
        else
            text.Should().Be(wanted, "WRITE_DOCS=1 dotnet test tests/BraTS.Tests --filter DocumentedTables writes the tables again");
    }

    private static string Of(string what) => what == "systems" ? Systems() : Options(what.Split(' ')[1]);

    private static string Systems()
    {
        var table = new StringBuilder(
            "| `--system` | What it is | Source | Modalities in training, in use | Parameters | Published |\n|---|---|---|---|---|---|\n");
        foreach (SegmentationSystem system in SegmentationSystems.All)
        {
            using IEncoderDecoder network = system.Recipe(ExperimentSettings.Paper, BraTSModality.T1ce).Build();
            long parameters = network.Module.parameters().Sum(parameter => parameter.numel());
            string training = system.TrainingModalities(ExperimentSettings.Paper, BraTSModality.T1ce).Count switch { 1 => "one", 2 => "two", _ => "all four" };
            table.Append(CultureInfo.InvariantCulture, $"| `{system.Name}` | {system.Summary} | {system.Source} | {training}, {system.Inputs.Describe()} | ");
            table.Append(CultureInfo.InvariantCulture, $"{parameters:N0} | {system.PublishedParameters} |\n");
        }

        return table.ToString();
    }

    private static string Options(string command)
    {
        var services = new CommandServices(new Display(TextWriter.Null, TextWriter.Null), [], CancellationToken.None);
        Command found = KdnetApplication.CreateRoot(new Option<bool>("--verbose"), services).Subcommands.Single(each => each.Name == command);
        var table = new StringBuilder("| Option | |\n|---|---|\n");
        foreach (Option option in found.Options)
        {
            // The number of threads is that of the machine.
            string standard = option.HasDefaultValue && option.ValueType != typeof(bool) && option.Name != "--threads"
                ? $" [default: {option.GetDefaultValue()}]"
                : "";
            table.Append(
                CultureInfo.InvariantCulture, $"| `{option.Name}` | {option.Description!.Replace("|", "\\|", StringComparison.Ordinal)}{standard} |\n");
        }

        return table.ToString();
    }

    [GeneratedRegex("<!-- (?<what>systems|options [a-z-]+) -->\n(?:.*\n)*?<!-- end -->")]
    private static partial Regex Table();
}
