using System.Globalization;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>How busy the machine is with other programs.</summary>
internal static class MachineLoad
{
    private const string Place = "/proc/loadavg";

    /// <summary>The mean number of threads that wanted to compute in the last minute; null where the system does not say.</summary>
    public static double? OfLastMinute()
    {
        try
        {
            return Read(File.ReadAllText(Place));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The first number of the text; null where it is none.</summary>
    public static double? Read(string text) =>
        double.TryParse(text.Split(' ')[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double load) ? load : null;

    /// <summary>What to tell a user who takes all cores of a machine on which others compute; null for nothing.</summary>
    public static string? Hint(double? load, int threads, int cores) => load >= cores && threads > 1
        ? string.Create(CultureInfo.InvariantCulture, $"Other programs use the {cores} cores (load {load:0.0}), and threads that wait for each other may ")
            + "make this several times slower than --threads 1. The number of threads changes the last digits of the results."
        : null;
}
