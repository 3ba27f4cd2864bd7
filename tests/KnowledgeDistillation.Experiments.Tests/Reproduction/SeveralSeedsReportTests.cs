using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Statistics;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

public sealed class SeveralSeedsReportTests : IDisposable
{
    private static readonly Lazy<ReproductionState[]> Five = new(() => [.. Enumerable.Range(1, 5).Select(seed => SyntheticReproduction.Of(_ => true, seed))]);

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-pooled-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_seed_is_listed_beside_the_mean_of_all()
    {
        XElement page = Write(Five.Value);
        Comparison et = ReproductionResults.Of(Five.Value, sharesCases: false).FindComparison("kd-net-3-skips", ScoringGrid.Training, "ET")!;

        string[] row = Row(
            Table(page, "Students against baselines, seed by seed, on the grid"), cells => cells[0] == "KD-Net, tuned, 3 skips" && cells[1] == "ET");
        row[2].Should().Be("gain");
        row[5].Should().Be(Signed(100 * et.OverSeeds.Mean));
        row[9..14].Should().Equal(et.Seeds.Select(seed => Signed(100 * seed.Difference)));
        row[14].Should().Be("5 of 5");
        Row(Table(page, "The same over cases of all seeds, on the grid"), cells => cells[0] == "KD-Net, tuned, 3 skips" && cells[1] == "ET")[8]
            .Should().Be("240");
        Row(Table(page, "Enhancing tumor (ET): mean ± standard deviation over seeds"), cells => cells[0] == "Teacher, 3 skips")[1]
            .Should().Be(Dice("teacher-3-skips", "ET"));
        Row(Table(page, "Folds that are done, by seed"), cells => cells[0] == "u-hved")
            .Should().Equal("u-hved", "U-HVED", "3 of 3", "3 of 3", "3 of 3", "3 of 3", "3 of 3");
        Row(Table(page, "Options of all runs"), cells => cells[0] == "seed")[1].Should().Be("1, 2, 3, 4 and 5");
        page.Value.Should().Contain("it helps in ET").And.Contain("ahead in 5 of 5 seeds").And.Contain("nothing follows for patients");

        static string Signed(double value) => value.ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture);

        static string Dice(string row, string region)
        {
            MeanAndDeviation dice = MeanAndDeviation.Of(
                Five.Value.Select(state => 100 * state.Finished.Where(run => run.Run.Row == row).SelectMany(run => run.Scores)
                    .Where(score => score.Grid == ScoringGrid.Training && score.Region.Region == region).Average(score => score.Region.Dice)));
            return string.Create(CultureInfo.InvariantCulture, $"{dice.Mean:0.00} ± {dice.StandardDeviation:0.00}");
        }
    }

    [Fact]
    public void The_charts_have_a_dot_for_each_seed_and_the_page_needs_no_other_file()
    {
        XElement page = Write(Five.Value);
        XElement[] charts = [.. page.Descendants("svg")];
        charts.Should().HaveCount(3, "one for each region");
        foreach (XElement chart in charts)
        {
            chart.Descendants("circle").Count(dot => dot.Attribute("class")!.Value.StartsWith("part", StringComparison.Ordinal))
                .Should().Be(7 * 5, "seven students with five seeds");
        }

        string html = File.ReadAllText(Path.Combine(_folder, "report.html"));
        html.Should().NotContain("http").And.NotContain("<script").And.NotContain("url(").And.Contain("prefers-color-scheme: dark");
        page.Descendants("a").Select(link => link.Attribute("href")!.Value).Should().Equal(Enumerable.Range(1, 5).Select(seed => $"seed-{seed}/report.html"));
        page.Descendants("tr").GroupBy(row => row.Ancestors("table").First())
            .Should().OnlyContain(table => table.Select(row => row.Elements().Count()).Distinct().Count() == 1);
        Directory.EnumerateFiles(Path.Combine(_folder, "report-files")).Should().HaveCount(3);
    }

    [Fact]
    public void The_same_seeds_give_the_same_files_whatever_their_order()
    {
        Write(Five.Value);
        string html = File.ReadAllText(Path.Combine(_folder, "report.html"));
        Write([.. Five.Value.Reverse()]);
        File.ReadAllText(Path.Combine(_folder, "report.html")).Should().Be(html);
    }

    [Fact]
    public void On_patients_it_says_that_the_seeds_share_them()
    {
        XElement page = Write([.. Five.Value.Select(state => state with { Data = "BraTS2018" })], sharesCases: true);
        page.Value.Should().Contain("BraTS2018, the same patients with each seed").And.Contain("each patient's differences are averaged over the seeds")
            .And.NotContain("nothing follows for patients");
        Row(Table(page, "The same over cases, each averaged over the seeds, on the grid"), cells => cells[0] == "KD-Net, tuned, 3 skips" && cells[1] == "ET")[8]
            .Should().Be("48");
    }

    [Fact]
    public void What_is_open_failed_or_left_out_is_named_as_such()
    {
        ReproductionState part = SyntheticReproduction.Of(run => run.Settings.Fold == 1, seed: 2);
        ReproductionState chosen = Five.Value[0] with
        {
            Plan = [.. Five.Value[0].Plan.Where(run => run.Row != "u-hved")],
            Finished = [.. Five.Value[0].Finished.Where(run => run.Run.Row != "u-hved")],
            LeftOut = ["u-hved"],
        };
        ReproductionState other = part with
        {
            Plan = [.. part.Plan.Where(run => run.Row != "u-hved")],
            Finished = [.. part.Finished.Where(run => run.Run.Row != "u-hved")],
            Failed = [new FailedRun(part.Plan[^5], "the disk is full")],
            LeftOut = ["u-hved"],
        };
        XElement page = Write([chosen, other]);

        page.Value.Should().Contain("48 of 72 runs are done, 1 failed").And.Contain("Not done yet, and in none of the figures above: 23 of 72 runs.")
            .And.Contain("So far: 4 of 6 folds of all seeds.").And.Contain("fewer than 3 seeds");
        Row(Table(page, "Runs that failed"), cells => cells[1] == "the disk is full")[0].Should().StartWith("seed-2/fold-3/");
        page.Descendants("p").Select(paragraph => paragraph.Value).Should().Contain("Left out by choice, so that nothing is said of it: u-hved.");
        page.Descendants("table").SelectMany(table => table.Descendants("th")).Select(cell => cell.Value).Should().NotContain("u-hved");
    }

    [Fact]
    public void Seeds_with_nothing_done_are_no_fault() =>
        Write([SyntheticReproduction.Of(_ => false, seed: 1), SyntheticReproduction.Of(_ => false, seed: 2)]).Value.Should().Contain("cannot tell yet")
            .And.Contain("0 of 78 runs are done");

    private XElement Write(IReadOnlyList<ReproductionState> states, bool sharesCases = false)
    {
        ReproductionReport.Write(ReproductionResults.Of(states, sharesCases), _folder);
        using var reader = XmlReader.Create(Path.Combine(_folder, "report.html"), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader).Root!;
    }

    // That on the grid of the networks comes first.
    private static XElement Table(XElement page, string caption) =>
        page.Descendants("table").First(table => table.Element("caption")!.Value.StartsWith(caption, StringComparison.Ordinal));

    private static string[] Row(XElement table, Func<string[], bool> wanted) =>
        table.Descendants("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()).Single(wanted);
}
