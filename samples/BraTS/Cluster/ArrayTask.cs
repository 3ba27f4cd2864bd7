using System.Globalization;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>Which part of a job array a process is, as its scheduler says in the environment.</summary>
/// <param name="Number">The part, from 1.</param>
/// <param name="Count">The number of parts.</param>
/// <param name="Scheduler">Who says so.</param>
internal sealed record ArrayTask(int Number, int Count, string Scheduler)
{
    /// <summary>Reads the environment: Slurm's, or that of a pod of a Kubernetes Job whose manifest also gives JOB_COMPLETIONS.</summary>
    /// <exception cref="UsageException">This process belongs to no array, or its numbers make no sense.</exception>
    public static ArrayTask Read(Func<string, string?> variable)
    {
        if (variable("SLURM_ARRAY_TASK_ID") is not null)
        {
            // An array may begin anywhere and leave numbers out evenly ("1-7:2"); irregular ones have no even step, and their count does not fit.
            int first = WholeNumber(variable, "SLURM_ARRAY_TASK_MIN", 0), step = WholeNumber(variable, "SLURM_ARRAY_TASK_STEP", 1, standard: 1);
            int count = WholeNumber(variable, "SLURM_ARRAY_TASK_COUNT", 1), distance = WholeNumber(variable, "SLURM_ARRAY_TASK_ID", first) - first;
            return distance % step == 0 && distance / step < count
                ? new ArrayTask((distance / step) + 1, count, "Slurm")
                : throw new UsageException($"--shard array needs a job array without gaps, for example 'sbatch --array=1-{count}'.");
        }

        if (variable("JOB_COMPLETION_INDEX") is not null)
        {
            int count = WholeNumber(variable, "JOB_COMPLETIONS", 1), index = WholeNumber(variable, "JOB_COMPLETION_INDEX", 0);
            return index < count
                ? new ArrayTask(index + 1, count, "Kubernetes")
                : throw new UsageException($"JOB_COMPLETION_INDEX is {index}, but must be below JOB_COMPLETIONS, which is {count}.");
        }

        throw new UsageException("--shard array is for tasks of a job array, but neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set: "
            + "name the part, for example --shard 1/2.");
    }

    private static int WholeNumber(Func<string, string?> variable, string name, int least, int? standard = null)
    {
        string? text = variable(name);
        if (text is null && standard is { } value)
            return value;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new UsageException(
                $"--shard array needs {name} to be a whole number of at least {least}, but it is {(text is null ? "not set" : $"'{text}'")}.");
    }
}
