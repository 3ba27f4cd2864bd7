using System.Globalization;

namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>
/// The setting of a measurement: volumes are cubes of <paramref name="Size"/> voxels per edge, and networks have <paramref name="Width"/> channels
/// at the first level.
/// </summary>
internal sealed record Setting(int Size, int Width, int Batch, int Threads, bool Quick)
{
    public static Setting Default { get; } = new(64, 16, 1, Environment.ProcessorCount, Quick: false);

    /// <summary>As an argument of the child processes.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Size},{Width},{Batch},{Threads},{(Quick ? 1 : 0)}");

    public static Setting FromText(string text)
    {
        int[] numbers = [.. text.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        return new Setting(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] != 0);
    }
}
