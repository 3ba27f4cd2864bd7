using System.IO.Enumeration;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The part of a plan that one call does.</summary>
/// <param name="Patterns">
/// Names of runs in which * stands for any text and ? for any character; none for all runs.
/// A name may begin at the row ("kd-net-4-skips"), at the fold or at the seed.
/// </param>
/// <param name="Shard">Which of the parts, from 1.</param>
/// <param name="Shards">The number of parts into which what the patterns choose is split.</param>
internal sealed record PlanSelection(IReadOnlyList<string> Patterns, int Shard, int Shards)
{
    /// <summary>The runs that the patterns choose.</summary>
    /// <exception cref="ExperimentException">A pattern chooses none.</exception>
    public IReadOnlyList<PlannedRun> Chosen(IReadOnlyList<PlannedRun> plan)
    {
        foreach (string pattern in Patterns)
        {
            if (!plan.Any(run => Matches(pattern, run)))
            {
                throw new ExperimentException($"No run has a name like '{pattern}'. "
                    + $"There are, for example, {string.Join(", ", plan.Take(3).Select(run => run.Id))}.");
            }
        }

        return Patterns.Count == 0 ? plan : [.. plan.Where(run => Patterns.Any(pattern => Matches(pattern, run)))];
    }

    /// <summary>The runs of the shard: every so-many-th of those that the patterns choose, so that each run is in exactly one shard.</summary>
    /// <exception cref="ExperimentException">A pattern chooses none.</exception>
    public IReadOnlyList<PlannedRun> OwnOf(IReadOnlyList<PlannedRun> plan) => [.. Chosen(plan).Where((_, position) => position % Shards == Shard - 1)];

    private static bool Matches(string pattern, PlannedRun run) =>
        new[] { run.Row, run.Id, run.IdWithSeed }.Any(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}
