using System.Diagnostics;

namespace KnowledgeDistillation.Fuzz;

/// <summary>Gives a target damaged inputs for some time, and keeps those that it does not stand.</summary>
internal sealed class Campaign(string name, FuzzTarget target, int seed, string findings)
{
    private const int MostFindings = 10;
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    private readonly Random _random = new(seed);
    private readonly HashSet<string> _known = [];
    private int _accepted, _refused, _found;

    /// <summary>Runs for the time given, or until there are enough findings.</summary>
    /// <returns>The number of findings.</returns>
    public int Run(TimeSpan time)
    {
        var mutator = new Mutator(_random);
        foreach (byte[] sound in target.Sound)
        {
            if (!target.Accepts([.. sound]))
                throw new InvalidOperationException($"The target {name} refuses a sound input.");
        }

        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < time && _found < MostFindings)
            Try(mutator.Damage(target.Sound[_random.Next(target.Sound.Count)], target.Words));
        Console.WriteLine($"{name,-12} {_accepted + _refused + _found,9} inputs: {_refused} refused, {_accepted} accepted, {_found} findings");
        return _found;
    }

    private void Try(byte[] input)
    {
        long begin = Stopwatch.GetTimestamp(), allocated = GC.GetAllocatedBytesForCurrentThread();
        string? finding = null, kind = null;
        try
        {
            if (target.Accepts(input))
                _accepted++;
            else
                _refused++;
        }
        catch (Exception exception)
        {
            finding = $"{exception.GetType().Name}: {exception.Message}{Environment.NewLine}{exception.StackTrace}";
            // One of each kind is enough: the place in our code where it came up.
            kind = exception.GetType().Name
                + exception.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains(nameof(KnowledgeDistillation), StringComparison.Ordinal));
        }

        if (Stopwatch.GetElapsedTime(begin) > Slow)
            finding ??= $"It took {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s.";
        if (GC.GetAllocatedBytesForCurrentThread() - allocated > target.MostMemory)
            finding ??= $"It allocated {(GC.GetAllocatedBytesForCurrentThread() - allocated) >> 20} MiB.";
        if (finding is null || !_known.Add(kind ?? finding.Split(' ')[1]))
            return;
        _found++;
        Directory.CreateDirectory(findings);
        string file = Path.Combine(findings, $"{name}-{seed}-{_found}");
        File.WriteAllBytes(file, input);
        Console.WriteLine($"{name}: {file}{Environment.NewLine}  {finding}");
    }
}
