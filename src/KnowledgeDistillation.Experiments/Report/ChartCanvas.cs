using System.Globalization;
using System.Text;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>
/// Writes the elements of a chart as SVG; chart.css determines what they look like. As wide as a phone, so that its texts can be read there.
/// </summary>
internal sealed class ChartCanvas
{
    public const double Width = 360;

    private readonly StringBuilder _svg = new();

    public ChartCanvas(double height, string description) =>
        _svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {height:0.#}\" role=\"img\" aria-label=\"{Xml.Escape(description)}\">");

    public void Line(string style, double x1, double y1, double x2, double y2, string? title = null) =>
        Element($"<line class=\"{style}\" x1=\"{x1:0.0}\" y1=\"{y1:0.0}\" x2=\"{x2:0.0}\" y2=\"{y2:0.0}\"", "line", title);

    public void Rectangle(string style, double x, double y, double width, double height) =>
        Element($"<rect class=\"{style}\" x=\"{x:0.0}\" y=\"{y:0.0}\" width=\"{width:0.0}\" height=\"{height:0.0}\"", "rect", null);

    public void Dot(string style, double x, double y, double radius, string? title = null) =>
        Element($"<circle class=\"{style}\" cx=\"{x:0.0}\" cy=\"{y:0.0}\" r=\"{radius:0.0}\"", "circle", title);

    public void Curve(string style, IEnumerable<(double X, double Y)> points, string title) =>
        Element(
            $"<polyline class=\"{style}\" points=\"{string.Join(' ', points.Select(Coordinates))}\"",
            "polyline",
            title);

    public void Text(string style, double x, double y, string text, string anchor = "start") =>
        _svg.Append(CultureInfo.InvariantCulture, $"<text class=\"{style}\" x=\"{x:0.0}\" y=\"{y:0.0}\" text-anchor=\"{anchor}\">{Xml.Escape(text)}</text>");

    public string Finish() => _svg.Append("</svg>").ToString();

    private static string Coordinates((double X, double Y) point) => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.0},{point.Y:0.0}");

    private void Element(FormattableString start, string name, string? title)
    {
        _svg.Append(start.ToString(CultureInfo.InvariantCulture));
        _svg.Append(title is null ? "/>" : $"><title>{Xml.Escape(title)}</title></{name}>");
    }
}
