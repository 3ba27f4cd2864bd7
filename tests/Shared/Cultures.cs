using System.Globalization;

namespace KnowledgeDistillation.Tests;

/// <summary>Runs code in a culture whose numbers look like nothing that a file may hold, whatever cultures the machine has.</summary>
internal static class Cultures
{
    public static readonly string[] Names = ["German", "Swedish", "Arabic"];

    public static T In<T>(string name, Func<T> run)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = Make(name);
        try
        {
            return run();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    public static void In(string name, Action run) => In(name, () =>
    {
        run();
        return true;
    });

    private static CultureInfo Make(string name)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        NumberFormatInfo numbers = culture.NumberFormat;
        (numbers.NumberDecimalSeparator, numbers.NumberGroupSeparator, numbers.NegativeSign, numbers.NaNSymbol) = name switch
        {
            "German" => (",", ".", "-", "NaN"),
            "Swedish" => (",", "\u00a0", "\u2212", "¤¤¤"),
            _ => ("٫", "٬", "\u061c-", "ليس"),
        };
        culture.DateTimeFormat.DateSeparator = ".";
        culture.DateTimeFormat.TimeSeparator = ".";
        culture.DateTimeFormat.ShortDatePattern = "d/M/yyyy";
        return culture;
    }
}
