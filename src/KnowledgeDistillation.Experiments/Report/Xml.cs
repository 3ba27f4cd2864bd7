using System.Text;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>Escapes text for HTML and SVG, which here are always well-formed XML too.</summary>
internal static class Xml
{
    /// <summary>The text as content of an element or of a quoted attribute.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                // A character that XML does not allow would make the whole page unreadable.
                < ' ' and not ('\t' or '\n' or '\r') or 0xFFFE or 0xFFFF => escaped.Append('\uFFFD'),
                _ => escaped.Append(rune.ToString()),
            };
        }

        return escaped.ToString();
    }
}
