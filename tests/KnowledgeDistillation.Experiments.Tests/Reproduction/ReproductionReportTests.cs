using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Storage;
using Xunit;
using static KnowledgeDistillation.Experiments.Tests.Reproduction.HandMadeReproduction;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

public sealed partial class ReproductionReportTests : IDisposable
{
    private static readonly Lazy<ReproductionState> Complete = new(SyntheticReproduction.Complete);

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Tables_1_and_2_show_our_mean_and_deviation_over_folds_beside_the_papers()
    {
        XElement page = Write(Complete.Value);
        MeanAndDeviation et = OverFolds("kd-net-3-skips", "ET"), wt = OverFolds("baseline-0-skips", "WT");

        string[] student = Row(Table(page, "Table 1"), cells => cells[0] == "KD-Net, tuned");
        student[1].Should().Be(Text(et));
        student[2].Should().Be("71.67 ± 1.22");
        student[^1].Should().Be("3 of 3");
        Row(Table(page, "Table 1"), cells => cells[0] == "U-HVED")[2].Should().Be("65.50", "the paper has no deviation for it");
        string[] without = Row(Table(page, "Table 2"), cells => cells[2] == "0" && cells[0] == "Baseline");
        without[8].Should().Be(Text(wt));
        without[9].Should().Be("69.41 ± 1.52");
        Row(Table(page, "Table 2"), cells => cells[0] == "KD-Net, literal")[3].Should().Be("λ 0.75, T 5, α 10");
        page.Value.Should().Contain("199 cases for training").And.Contain("ET +3.57, TC +1.17, WT −0.08").And.Contain("17 % of the training part");

        static MeanAndDeviation OverFolds(string row, string region) =>
            MeanAndDeviation.Of(Complete.Value.Finished.Where(run => run.Run.Row == row).Select(run =>
                100 * run.Scores.Where(score => score.Grid == ScoringGrid.Training && score.Region.Region == region).Average(score => score.Region.Dice)));

        static string Text(MeanAndDeviation value) => string.Create(CultureInfo.InvariantCulture, $"{value.Mean:0.00} ± {value.StandardDeviation:0.00}");
    }

    [Fact]
    public void The_top_says_what_reproduced_means_with_our_gains_beside_the_papers()
    {
        XElement page = Write(Complete.Value);

        page.Value.Should().Contain("Is the paper reproduced?").And.Contain("base width 8 (the paper's: 30)").And.Contain("best epoch dice (the paper's: Loss)")
            .And.Contain("one seed tells of these networks and claims nothing").And.Contain("in the paper GT < GT + KD < GT + KL < GT + KL + KD");
        string[] student = Row(Table(page, "Gains over the baseline"), cells => cells[0].StartsWith("KD-Net, tuned, 3 skips", StringComparison.Ordinal));
        student[3].Should().Be("+3.57");
        student[5].Should().Be("+1.17");
        student[7].Should().Be("−0.08");
        double gain = 100 * (Mean("kd-net-3-skips") - Mean("baseline-3-skips"));
        student[2].Should().StartWith(gain.ToString("+0.00;−0.00", CultureInfo.InvariantCulture)).And.Contain("(").And.Contain("to");

        static double Mean(string row) => Complete.Value.Finished.Where(run => run.Run.Row == row)
            .SelectMany(run => run.Scores).Where(score => score.Grid == ScoringGrid.Training && score.Region.Region == "ET")
            .Average(score => score.Region.Dice);
    }

    [Fact]
    public void Every_row_of_the_papers_tables_has_its_figures_as_printed()
    {
        PaperFigures.Table1.Select(row => row.Text("ET")).Should().Equal("68.10 ± 1.27", "69.47 ± 1.86", "65.50", "60.80", "71.67 ± 1.22");
        PaperFigures.Table1.Select(row => row.Text("TC")).Should().Equal("80.28 ± 2.44", "80.77 ± 1.18", "66.70", "58.50", "81.45 ± 1.25");
        PaperFigures.Table1.Select(row => row.Text("WT")).Should().Equal("77.06 ± 1.47", "88.48 ± 0.79", "62.40", "58.50", "76.98 ± 1.54");
        PaperFigures.Table2.Skip(5).Select(row => row.Text("ET"))
            .Should().Equal("42.95 ± 3.42", "42.59 ± 2.54", "47.59 ± 0.98", "44.80 ± 1.10", "46.23 ± 2.91");
        PaperFigures.Table2.Skip(5).Select(row => row.Text("TC"))
            .Should().Equal("69.44 ± 1.37", "69.79 ± 1.63", "70.96 ± 1.73", "70.12 ± 2.42", "70.73 ± 2.47");
        PaperFigures.Table2.Skip(5).Select(row => row.Text("WT"))
            .Should().Equal("69.41 ± 1.52", "75.93 ± 0.33", "71.41 ± 1.20", "70.19 ± 1.40", "71.93 ± 1.26");
        PaperFigures.Table2.Skip(2).Take(2).Select(row => row.Text("ET")).Should().Equal("70.00 ± 1.51", "69.22 ± 1.19");
    }

    [Fact]
    public void What_is_published_of_later_methods_stands_beside_ours_where_the_network_could_stand_beside_it()
    {
        SegmentationSystem published = SegmentationSystems.Of("protokd");
        PlannedRun[] plan =
        [
            .. HandMadeReproduction.Row(SegmentationSystems.Baseline, 3), .. HandMadeReproduction.Row(published, 3),
            .. HandMadeReproduction.Row(published, 0), .. HandMadeReproduction.Row(published, 3, "t2"),
            .. HandMadeReproduction.Row(SegmentationSystems.Of("hinton"), 3),
        ];

        XElement page = Write(State(plan, [.. plan.Select(run => run.FinishWithTenths("ET", 5, 6))]));

        XElement table = Table(page, "Further systems");
        Row(table, cells => cells[0] == "Model")[4..11]
            .Should().Equal("ET", "ET, published", "TC", "TC, published", "WT", "WT, published", "Published for");
        Figures("ProtoKD, 3 skips", "T1ce").Should().Equal("76.01", "81.48", "74.67", "BraTS 2018, the authors' table");
        Figures("ProtoKD, 0 skips", "T1ce").Should().OnlyContain(cell => cell == "–", "the published network has all skip connections");
        Figures("ProtoKD, 3 skips", "T2").Should().OnlyContain(cell => cell == "–", "the figures are for T1ce");
        Figures("Hinton distillation, 3 skips", "T1ce").Should().OnlyContain(cell => cell == "–", "nothing is published of it");
        page.Value.Should().Contain(PublishedScores.Note);
        Write(Complete.Value).Value.Should().NotContain(PublishedScores.Note);

        string[] Figures(string label, string sees)
        {
            string[] cells = Row(table, row => row[0] == label && row[3] == sees);
            return [cells[5], cells[7], cells[9], cells[10]];
        }
    }

    [Fact]
    public void One_seed_speaks_of_its_networks_and_claims_nothing()
    {
        string page = Write(Complete.Value).Value;

        page.Should().Contain("in ET, TC and WT we cannot tell").And.Contain("cannot tell, because there are fewer than 3 seeds. With this seed the student is")
            .And.Contain("these are figures of these networks and not of the methods").And.Contain("nothing follows for patients");
        page.Should().NotContain("it helps").And.NotContain("it harms").And.NotContain(": yes").And.NotContain(">gain<").And.NotContain(">loss<");
    }

    [Fact]
    public void Both_grids_and_both_conventions_for_empty_regions_are_told()
    {
        XElement page = Write(Complete.Value);
        XElement[] enhancing = [.. page.Descendants("table").Where(table => Caption(table).StartsWith("Enhancing tumor (ET): mean", StringComparison.Ordinal))];
        enhancing.Should().HaveCount(2, "of the training grid and of native space");
        string[] training = Row(enhancing[0], cells => cells[0] == "Baseline, 3 skips"), native = Row(enhancing[1], cells => cells[0] == "Baseline, 3 skips");
        training[1].Should().NotBe(native[1]);
        training[2].Should().EndWith("(45)", "three cases have no enhancing tumor").And.NotStartWith(training[1]);
        Row(enhancing[0], cells => cells[0] == "Baseline, 3 skips")[^1].Should().Be("48");
    }

    [Fact]
    public void Where_both_grids_are_the_same_one_is_shown()
    {
        XElement page = Write(Complete.Value with { Settings = Complete.Value.Settings with { PhantomEdge = 24, CropEdge = 24, SubsamplingFactor = 1 } });

        page.Descendants("table").Count(table => Caption(table).StartsWith("Enhancing tumor (ET): mean", StringComparison.Ordinal)).Should().Be(1);
        page.Value.Should().Contain("neither cropped nor subsampled").And.NotContain("The same in native space");
    }

    [Fact]
    public void The_page_is_one_well_formed_file_that_refers_to_nothing_else_and_has_names_for_all_pictures()
    {
        XElement page = Write(Complete.Value, Pictures());
        string html = File.ReadAllText(Html);
        html.Should().NotContain("http").And.NotContain("<script").And.NotContain("@import").And.NotContain("url(").And.Contain("prefers-color-scheme: dark");
        page.Descendants("img").Should().HaveCount(15, "three cases with input, reference, baseline, student and teacher")
            .And.OnlyContain(image => image.Attribute("alt")!.Value.Length > 10 && image.Attribute("src")!.Value.StartsWith("data:image/png;base64,"));
        page.Descendants("svg").Should().OnlyContain(chart => chart.Attribute("role")!.Value == "img" && chart.Attribute("aria-label")!.Value.Length > 20);
        page.Descendants("svg").Should().HaveCount(3 + 3 + 39, "intervals and boxes of each region, and the curves of each run");
        page.Descendants("table")
            .Should().OnlyContain(table => Caption(table).Length > 0 && table.Descendants("th").All(head => head.Attribute("scope") != null));
        page.Descendants("tr").GroupBy(row => row.Ancestors("table").First())
            .Should().OnlyContain(table => table.Select(row => row.Elements().Count()).Distinct().Count() == 1);
        html.Should().Contain("Best case: Phantom_").And.Contain("Median case: ").And.Contain("Worst case: ");
    }

    [Fact]
    public void Markdown_has_the_same_figures_as_the_page_and_its_pictures_exist()
    {
        XElement page = Write(Complete.Value, Pictures());
        string markdown = File.ReadAllText(Markdown);

        string[] cells = [.. page.Descendants("td").Select(cell => cell.Value)];
        string[] lines = markdown.Split('\n');
        string[] inMarkdown =
        [
            .. lines.Where((line, i) => line.StartsWith("| ", StringComparison.Ordinal)
                && !line.Contains("![", StringComparison.Ordinal)
                && !lines[i + 1].StartsWith("|---", StringComparison.Ordinal))
            .SelectMany(line => Unescaped().Split(line)[2..^1]).Select(cell => Escapes().Replace(cell.Trim().Trim('*'), "$1"))];
        inMarkdown.Where(IsNumber).Should().Equal(cells.Where(IsNumber));
        string words = Escapes().Replace(markdown.Replace("*", "", StringComparison.Ordinal), "$1");
        foreach (XElement sentence in page.Descendants("p").Concat(page.Descendants("li").Where(item => item.Element("i") is null)))
            words.Should().Contain(sentence.Value);
        string[] links = [.. Links().Matches(markdown).Select(match => match.Groups[1].Value)];
        links.Should().HaveCount(15 + 45).And.OnlyHaveUniqueItems();
        foreach (string link in links)
            File.Exists(Path.Combine(_folder, link)).Should().BeTrue(link);
        foreach (string chart in links.Where(link => link.EndsWith(".svg", StringComparison.Ordinal)))
            XDocument.Load(Path.Combine(_folder, chart)).Root!.Name.NamespaceName.Should().Be("http://www.w3.org/2000/svg");

        static bool IsNumber(string text) => text.Any(char.IsDigit);
    }

    [Fact]
    public void The_same_state_gives_the_same_files_whatever_the_order_in_which_runs_ended()
    {
        Write(Complete.Value);
        string html = File.ReadAllText(Html), markdown = File.ReadAllText(Markdown);
        Write(Complete.Value with { Finished = [.. Complete.Value.Finished.Reverse()] });
        File.ReadAllText(Html).Should().Be(html);
        File.ReadAllText(Markdown).Should().Be(markdown);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("no baseline")]
    [InlineData("one fold")]
    [InlineData("no teacher")]
    [InlineData("baseline only")]
    public void What_is_done_is_reported_and_what_is_not_is_named(string part)
    {
        ReproductionState state = SyntheticReproduction.Of(run => part switch
        {
            "nothing" => false,
            "no baseline" => run.System != SegmentationSystems.Baseline,
            "one fold" => run.Settings.Fold == 2,
            "no teacher" => run.System != SegmentationSystems.Teacher,
            _ => run.System == SegmentationSystems.Baseline,
        });
        XElement page = Write(state, Pictures());
        page.Value.Should().Contain($"{state.Finished.Count} of 39 runs are done")
            .And.Contain($"Not done yet, and in none of the figures above: {39 - state.Finished.Count} of 39 runs.");
        Row(Table(page, "Runs by fold"), cells => cells[0] == "kd-net-3-skips")[3].Should().Be(part is "nothing" or "baseline only" ? "not done" : "done");
        if (part is "nothing" or "no baseline" or "baseline only")
            page.Value.Should().Contain("cannot tell yet").And.Contain("No fold is done with both a student and its baseline.");
        if (part == "one fold")
        {
            page.Value.Should().Contain("So far: 1 of 3 folds.");
            Row(Table(page, "Table 1"), cells => cells[0].StartsWith("Baseline", StringComparison.Ordinal))[1]
                .Should().MatchRegex(@"^\d\d\.\d\d$", "one fold has no deviation");
        }

        if (part == "no teacher")
            page.Descendants("img").Should().HaveCount(12);
    }

    [Fact]
    public void A_plan_without_runs_and_a_paper_row_that_is_not_planned_are_no_faults()
    {
        XElement page = Write(Complete.Value with { Plan = [], Finished = [] });
        page.Value.Should().Contain("no KD-Net student with all skip connections is planned");
        Row(Table(page, "Table 1"), cells => cells[0].StartsWith("Baseline", StringComparison.Ordinal)).Should().EndWith("not planned")
            .And.Contain("68.10 ± 1.27");
    }

    [Fact]
    public void Failures_stand_there_with_their_reasons_and_foreign_words_stay_words()
    {
        ReproductionState state = SyntheticReproduction.Of(run => run.Settings.Fold > 1);
        const string Reason = "Case <b>\"A&B\"</b> | has_no *T1ce* [x](y)\u0001";
        XElement page = Write(state with { Data = "My <Brats> & Co", Failed = [new FailedRun(state.Plan[0], Reason)] });
        page.Value.Should().Contain("1 failed").And.Contain("My <Brats> & Co");
        Row(Table(page, "Runs that failed"), cells => cells[0] == state.Plan[0].Id)[1].Should().Be(Reason.Replace('\u0001', '\uFFFD'));
        Row(Table(page, "Runs by fold"), cells => cells[0] == state.Plan[0].Row)[2].Should().Be("failed");
        page.Value.Should().Contain("12 of 39 runs.");
        File.ReadAllText(Markdown).Should().Contain(@"Case \<b\>""A&B""\</b\> \| has\_no \*T1ce\* \[x\](y)").And.NotContain("<b>");
    }

    [Fact]
    public void Circumstances_that_are_equal_are_told_once_and_every_option_is_listed()
    {
        XElement page = Write(Complete.Value);
        Table(page, "Circumstances A: 26 of 39 runs").Value.Should().Contain("revision 01234567").And.Contain("Generic 2 cores");
        Table(page, "Circumstances B: 13 of 39 runs").Value.Should().Contain("revision 89abcdef");
        XElement options = Table(page, "Options of all runs");
        foreach (string name in ExperimentSetting.All.Select(setting => setting.Name))
        {
            Row(options, cells => cells[0] == SettingsRows.InWords(name)).Should().HaveCount(3);
        }

        Row(options, cells => cells[0] == "seed")[1].Should().Be("3");
        Row(options, cells => cells[0] == "epochs").Should().Equal("epochs", "40", "500");
        Row(Table(page, "Options of each row"), cells => cells[0] == "u-hved")[6].Should().Be("0.002");
        Row(Table(page, "Time of each run"), cells => cells[0] == "fold-3/u-hved")[1].Should().Be("B");
    }

    [Fact]
    public void A_checkpoint_that_is_gone_costs_its_picture_only()
    {
        ReproductionPictures pictures = Pictures();
        XElement page = Write(
            Complete.Value, pictures with
            {
                Segment = (run, item) =>
                    run.Run.System == SegmentationSystems.Teacher ? throw new CheckpointException("/gone", "it is gone") : pictures.Segment(run, item),
            });
        page.Descendants("img").Should().HaveCount(12);
        page.Value.Should().Contain("Teacher: no prediction can be shown.").And.Contain("it is gone");
    }

    [Fact]
    public void Slices_are_predicted_anew_from_the_checkpoints_of_the_runs()
    {
        Experiment trained = Experiment.OnPhantoms(Path.Combine(_folder, "trained"), new ExperimentSettings
        {
            PhantomCases = 9,
            PhantomEdge = 16,
            CropEdge = 16,
            SubsamplingFactor = 2,
            BaseWidth = 2,
            Levels = 2,
            Training = new() { Epochs = 1, LearningRate = 1e-3 },
        });
        trained.Train("kd-net");
        IReadOnlyDictionary<string, PreprocessedCase> cases = trained.TestCases().ToDictionary(item => item.Id, item => item.Load());
        string[] ids = [.. cases.Keys.Order()];
        ReproductionState synthetic = SyntheticReproduction.Of(run => run.Settings.Fold == 1 && run.Row is "teacher-3-skips" or "kd-net-3-skips");
        FinishedRun Real(FinishedRun run) => run with
        {
            Folder = trained.FolderOf(run.Run.System.Name),
            Scores =
            [
                .. run.Scores.Select(score => score with { CaseId = ids[score.CaseId[^1] % ids.Length] })
                    .DistinctBy(score => (score.CaseId, score.Grid, score.Region.Region)),
            ],
        };

        XElement page = Write(
            synthetic with { Finished = [.. synthetic.Finished.Select(Real)] }, ReproductionPictures.OfCheckpoints((id, _) => cases[id], TorchSharp.torch.CPU));

        page.Descendants("img").Should().HaveCount(3 * 4, "there is no baseline");
        page.Value.Should().NotContain("can be shown");
    }

    [Fact]
    public void Pictures_of_an_earlier_state_are_deleted()
    {
        Write(Complete.Value);
        Directory.EnumerateFiles(Path.Combine(_folder, "report-files")).Should().HaveCount(45);
        Write(Complete.Value with { Finished = [] });
        Directory.EnumerateFiles(Path.Combine(_folder, "report-files")).Should().BeEmpty();
    }

    [Fact]
    public void Axes_have_round_numbers_in_every_range()
    {
        AxisTicks.Linear(-2.2, 3.1, most: 7).Should().Equal(-2, -1, 0, 1, 2, 3);
        AxisTicks.Logarithmic(0.04, 3).Should().Equal(0.05, 0.1, 0.2, 0.5, 1, 2);
        AxisTicks.Logarithmic(0.0005, 3000).Should().Equal(0.001, 0.01, 0.1, 1, 10, 100, 1000);
        AxisTicks.Logarithmic(1.21, 1.83).Select(tick => Math.Round(tick, 6)).Should().Equal(1.3, 1.4, 1.5, 1.6, 1.7, 1.8);
    }

    [Fact]
    public void Quartiles_are_interpolated_and_whiskers_end_at_cases()
    {
        // Quartiles 2, 3, 4; within 3 of the box lie 1 to 5, beyond it 10.
        Quartiles.Of([5, 1, 2, 3, 4]).Should().Be(new Quartiles(1, 2, 3, 4, 5));
        Quartiles.Of([1, 2, 3, 4, 10]).Should().Be(new Quartiles(1, 2, 3, 4, 4));
        Quartiles.Of([7]).Should().Be(new Quartiles(7, 7, 7, 7, 7));
    }

    private string Html => Path.Combine(_folder, "report.html");

    private string Markdown => Path.Combine(_folder, "report.md");

    private static ReproductionPictures Pictures()
    {
        string data = Directory.CreateTempSubdirectory("kdnet-report-case-").FullName;
        try
        {
            new BraTSPhantom(new BraTSPhantomOptions { Seed = 1, Size = VolumeSize.Cube(16) }).WriteDataset(data, 1);
            PreprocessedCase item = new Preprocessor(new PreprocessingOptions { CropSize = null, SubsamplingFactor = 1 })
                .Process(MedicalDataset.Open(data).Cases[0]);
            return new ReproductionPictures((_, _) => item, (_, prepared) => prepared.Classes!);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private XElement Write(ReproductionState state, ReproductionPictures? pictures = null)
    {
        ReproductionReport.Write(Results(state), _folder, pictures);
        using var reader = XmlReader.Create(Html, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader).Root!;
    }

    private static XElement Table(XElement page, string caption) =>
        page.Descendants("table").Single(table => Caption(table).StartsWith(caption, StringComparison.Ordinal));

    private static string Caption(XElement table) => table.Element("caption")!.Value;

    private static string[] Row(XElement table, Func<string[], bool> wanted) =>
        table.Descendants("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()).Single(wanted);

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Unescaped();

    [GeneratedRegex(@"\\([\\`*_\[\]<>|#~])")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"\]\((report-files/[^)]+)\)")]
    private static partial Regex Links();
}
