using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>The text of a failure for the user.</summary>
public static partial class ExceptionText
{
    /// <summary>The message in one sentence: torch's carry a native stack trace after the first line, .NET's the name of a parameter.</summary>
    public static string OneMessage(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is ExternalException ? exception.Message.Split('\n')[0].TrimEnd() : ParameterName().Replace(exception.Message, "");
    }

    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex ParameterName();
}
