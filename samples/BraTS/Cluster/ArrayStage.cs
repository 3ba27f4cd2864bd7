using KnowledgeDistillation.Experiments;
using KnowledgeDistillation.Experiments.Reproduction;

namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>Runs of a reproduction that may be done at the same time.</summary>
/// <param name="Name">A name for it, of letters, digits and hyphens.</param>
/// <param name="Runs">The names of its runs; at least one.</param>
/// <param name="After">The name of the run of the first stage that must be done before; null for none.</param>
/// <param name="Limit">How long the longest of them may take; null where nobody knows.</param>
internal sealed record ArrayStage(string Name, IReadOnlyList<string> Runs, string? After, TimeSpan? Limit)
{
    /// <summary>The name of the stage before which nothing must be done.</summary>
    public const string First = "first";

    // What was timed was another machine, and a few steps.
    private const double Reserve = 2;

    private static readonly TimeSpan Least = TimeSpan.FromMinutes(30), Grain = TimeSpan.FromMinutes(10);

    /// <summary>What a study has still to do: first all that needs no teacher or whose teacher is done, then the students of each teacher.</summary>
    /// <param name="study">The study.</param>
    /// <param name="times">How long its runs take, by name; null where that is not known.</param>
    public static IReadOnlyList<ArrayStage> Of(ReproductionStudy study, IReadOnlyDictionary<string, TimeEstimate>? times)
    {
        PlannedRun[] open = [.. study.Own.Where(run => !study.IsDone(run))];
        ILookup<PlannedRun?, PlannedRun> byTeacher = open.ToLookup(run =>
            open.FirstOrDefault(teacher => teacher.Id == run.Teacher && teacher.Settings.Seed == run.Settings.Seed));
        return
        [
            .. byTeacher.Where(group => group.Key is null).Select(group => Stage(First, group, after: null)),
            .. byTeacher.Where(group => group.Key is not null).Select((group, number) => Stage($"students-{number + 1}", group, study.NameOf(group.Key!))),
        ];

        ArrayStage Stage(string name, IEnumerable<PlannedRun> runs, string? after)
        {
            string[] names = [.. runs.Select(study.NameOf)];
            return new ArrayStage(name, names, after, times is null ? null : LimitOf(names.Max(run => times[run].Most)));
        }
    }

    private static TimeSpan LimitOf(TimeSpan longest) => longest * Reserve < Least ? Least : Grain * Math.Ceiling(longest * Reserve / Grain);
}
