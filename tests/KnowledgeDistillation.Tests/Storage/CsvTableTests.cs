using System.Globalization;
using FluentAssertions;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Storage;

public sealed class CsvTableTests
{
    [Fact]
    public void Cells_with_commas_quotation_marks_and_line_ends_come_back()
    {
        string[] cells = ["plain", "a,b", "\"", "say \"no\"", "two\r\nlines", "", " blanks "];
        var table = new CsvTable("1", "2", "3", "4", "5", "6", "7,7");
        table.Add(cells);
        table.ToString().Should().Be("1,2,3,4,5,6,\"7,7\"\nplain,\"a,b\",\"\"\"\",\"say \"\"no\"\"\",\"two\r\nlines\",, blanks \n");
        CsvTable read = CsvTable.Parse(table.ToString());
        read.Columns.Should().Equal(table.Columns);
        read.Rows.Should().ContainSingle().Which.Should().Equal(cells);
    }

    [Theory]
    [InlineData("=cmd|' calc'!A0", "'=cmd|' calc'!A0")]
    [InlineData("+1+1", "'+1+1")]
    [InlineData("-a", "'-a")]
    [InlineData("@SUM(1)", "'@SUM(1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("=1,2", "\"'=1,2\"")]
    [InlineData("'=1", "''=1")]
    [InlineData("''=1", "\u0027\u0027'=1")]
    [InlineData("'quoted'", "'quoted'")]
    [InlineData("'", "'")]
    [InlineData("-1.5e-3", "-1.5e-3")]
    [InlineData("+2", "+2")]
    [InlineData("-inf", "-inf")]
    public void What_a_spreadsheet_would_run_stands_as_text_and_comes_back(string cell, string written)
    {
        var table = new CsvTable("name");
        table.Add(cell);
        table.ToString().Should().Be($"name\n{written}\n");
        CsvTable.Parse(table.ToString()).Rows[0].Should().Equal(cell);
    }

    [Theory]
    [InlineData("a,b\n1,2\n")]
    [InlineData("a,b\r\n1,2\r\n")]
    [InlineData("a,b\r1,2")]
    [InlineData("\na,b\n\n1,2\n\n")]
    [InlineData("\"a\",b\n\"1\",\"2\"")]
    public void Lines_may_end_in_any_way(string text)
    {
        CsvTable table = CsvTable.Parse(text);
        table.Columns.Should().Equal("a", "b");
        table.Rows.Should().ContainSingle().Which.Should().Equal("1", "2");
    }

    [Fact]
    public void Rows_of_a_file_may_be_shorter_or_longer_than_its_header()
    {
        CsvTable table = CsvTable.Parse("a,b\n1\n1,2,3\n");
        table.Rows.Select(row => row.Count).Should().Equal(1, 3);
        table[0, "b"].Should().BeEmpty();
        table[1, "b"].Should().Be("2");
    }

    [Fact]
    public void A_row_that_is_added_has_one_cell_per_column() =>
        FluentActions.Invoking(() => new CsvTable("a", "b").Add("1")).Should().Throw<ArgumentException>().WithMessage("*1 cells*2 columns*");

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("a,b\n1,\"2\n")]
    public void A_text_without_a_row_or_with_an_open_quotation_mark_is_refused(string text) =>
        FluentActions.Invoking(() => CsvTable.Parse(text)).Should().Throw<FormatException>();

    [Fact]
    public void A_damaged_file_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["odd.csv"], "\"");
        FluentActions.Invoking(() => CsvTable.Read(folder["odd.csv"])).Should().Throw<FormatException>().WithMessage("*odd.csv*no CSV table*no end*");
    }

    [Fact]
    public void Numbers_are_the_same_in_every_language_and_come_back_to_the_last_digit()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        // As a German's, whatever cultures the machine has.
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (german.NumberFormat.NumberDecimalSeparator, german.NumberFormat.NegativeSign) = (",", "−");
        CultureInfo.CurrentCulture = german;
        try
        {
            CsvTable.Number(1.5).Should().Be("1.5");
            CsvTable.Number(1.5, "0.00").Should().Be("1.50");
            CsvTable.Number(-1234567L).Should().Be("-1234567");
            foreach (double value in new[] { 0, -0.1, 1.0 / 3, 1e-300, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity })
                CsvTable.ParseNumber(CsvTable.Number(value)).Should().Be(value);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        CsvTable.Number(double.NaN).Should().Be("nan");
        CsvTable.Number(double.NegativeInfinity, "0.00").Should().Be("-inf");
        FluentActions.Invoking(() => CsvTable.ParseNumber("1,5")).Should().Throw<FormatException>().WithMessage("*'1,5'*");
    }
}
