using System.Globalization;
using System.Text;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The losses of a fit by epoch as SVG, on a logarithmic scale; its colours are those of the page.</summary>
internal static class LossChart
{
    private const double Width = 360, Height = 220, Left = 38, Right = 72, Top = 12, Bottom = 28;

    private static readonly int[] Digits = [1, 2, 5];

    public static string Draw(IReadOnlyList<EpochReport> history)
    {
        List<(string Name, string Style, double[] Values)> lines = [("training", "training", [.. history.Select(report => report.Training.Total)])];
        if (history[0].Validation is not null)
            lines.Add(("validation", "validation", [.. history.Select(report => report.Validation!.Total)]));
        if (history[0].Training.Terms.Count > 1)
        {
            lines.AddRange(history[0].Training.Terms
                .Select((term, i) => (term.Name, $"term{i}", history.Select(report => report.Training.Terms[i].Weighted).ToArray()))
                .Where(line => line.Item3.All(value => value > 0)));
        }

        (double low, double high) = (lines.Min(line => line.Values.Min()) / 1.1, lines.Max(line => line.Values.Max()) * 1.1);
        double X(int epoch) => Left + ((Width - Left - Right) * (history.Count == 1 ? 0.5 : (double)epoch / (history.Count - 1)));
        double Y(double value) => Top + ((Height - Top - Bottom) * Math.Log(high / value) / Math.Log(high / low));

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Loss by epoch\">");
        foreach (double tick in Ticks(low, high))
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):0.0}\" y2=\"{Y(tick):0.0}\"/><text x=\"{Left - 6}\" y=\"{Y(tick) + 3.5:0.0}\" text-anchor=\"end\">{tick:0.###}</text>");
        foreach (int epoch in new[] { 0, history.Count - 1 }.Distinct())
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(epoch):0.0}\" y=\"{Height - 10}\" text-anchor=\"middle\">{(epoch == 0 ? "epoch 1" : epoch + 1)}</text>");

        int best = history.Last(report => report.IsBest).Epoch;
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"best\" x1=\"{X(best):0.0}\" x2=\"{X(best):0.0}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"><title>best epoch: {best + 1}</title></line>");
        foreach ((string name, string style, double[] values) in lines)
        {
            string points = string.Join(' ', values.Select((value, epoch) => string.Create(CultureInfo.InvariantCulture, $"{X(epoch):0.0},{Y(value):0.0}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"{style}\" points=\"{points}\"><title>{name}</title></polyline>");
        }

        double previous = double.NegativeInfinity;
        foreach ((string name, string style, double[] values) in lines.OrderBy(line => Y(line.Values[^1])))
        {
            // Labels of lines that end close together are pushed apart.
            previous = Math.Max(Y(values[^1]) + 3.5, previous + 12);
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"label {style}\" x=\"{Width - Right + 6}\" y=\"{previous:0.0}\">{name}</text>");
        }

        return svg.Append("</svg>").ToString();
    }

    // 1, 2 and 5 of each power of ten, or all digits where the range is so narrow that there would be fewer than three.
    private static double[] Ticks(double low, double high)
    {
        double[] few = [.. Of(Digits)];
        return few.Length >= 3 ? few : [.. Of(Enumerable.Range(1, 9))];

        IEnumerable<double> Of(IEnumerable<int> digits) => Enumerable.Range(-6, 13)
            .SelectMany(power => digits.Select(digit => digit * Math.Pow(10, power)))
            .Where(tick => tick > low && tick < high);
    }
}
