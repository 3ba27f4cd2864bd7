namespace KnowledgeDistillation.Experiments.Report;

/// <summary>A chart as a file of its own, with the colors that it otherwise takes from its page.</summary>
internal static class ChartFile
{
    private const string Namespace = "http://www.w3.org/2000/svg";

    public static string Of(ReportChart chart) =>
        chart.Svg.Insert(
            chart.Svg.IndexOf('>', StringComparison.Ordinal) + 1, $"<style>{EmbeddedText.Read("chart.css")}svg {{ background: var(--page); }}</style>")
            .Insert("<svg".Length, $" xmlns=\"{Namespace}\"") + "\n";
}
