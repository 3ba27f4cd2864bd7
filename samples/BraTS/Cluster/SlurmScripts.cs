using System.Globalization;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>
/// The scripts with which Slurm does a reproduction: one array job for each stage, one that writes tables and report, and one that submits them all.
/// </summary>
/// <param name="Folder">Where the scripts and the logs go.</param>
/// <param name="Program">How this program is started.</param>
/// <param name="RunArguments">Its arguments, without those that choose runs.</param>
/// <param name="ReportArguments">Its arguments, with the choice of runs.</param>
/// <param name="WorkingFolder">What paths in the arguments are relative to.</param>
/// <param name="Threads">The cores of each task.</param>
internal sealed record SlurmScripts(
    string Folder,
    IReadOnlyList<string> Program,
    IReadOnlyList<string> RunArguments,
    IReadOnlyList<string> ReportArguments,
    string WorkingFolder,
    int Threads)
{
    /// <summary>The script that submits all others.</summary>
    public string Submission => Path.Combine(Folder, "submit.sh");

    /// <summary>Writes all scripts over those of an earlier call.</summary>
    public void Write(IReadOnlyList<ArrayStage> stages)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "logs"));
        foreach (string old in Directory.EnumerateFiles(Folder, "*.sbatch"))
            File.Delete(old);
        foreach (ArrayStage stage in stages)
            AtomicFile.WriteText(Path.Combine(Folder, $"{stage.Name}.sbatch"), Runs(stage));
        AtomicFile.WriteText(Path.Combine(Folder, "report.sbatch"), Report());
        AtomicFile.WriteText(Submission, Submit(stages));
    }

    private string Runs(ArrayStage stage) => $$"""
        {{Header(stage.Name, $"{stage.Name}-%a", stage.Limit)}}
        #SBATCH --array=0-{{(stage.Runs.Count - 1).ToString(CultureInfo.InvariantCulture)}}
        #SBATCH --requeue
        #SBATCH --signal=B:USR1@120

        runs=(
        {{string.Join('\n', stage.Runs.Select(run => $"  {RunCommandLine.Quoted(run)}"))}}
        )
        run=${runs[$SLURM_ARRAY_TASK_ID]}
        echo "$(date '+%F %T') $run on $(hostname), start $((${SLURM_RESTART_COUNT:-0} + 1))"

        # Asked to stop, the program leaves a state from which it goes on. The job is started again by Slurm after a preemption,
        # and by itself at its time limit.
        stop() { kill -TERM "$work" 2> /dev/null; wait "$work"; }
        trap 'stop; exit' TERM
        trap 'stop; scontrol requeue "$SLURM_JOB_ID"; exit' USR1
        {{RunCommandLine.Quoted(Program.Concat(RunArguments))}} --only "$run" --shard 1/1 --threads "${SLURM_CPUS_PER_TASK:-1}" &
        work=$!
        wait "$work"

        """;

    private string Report() => $$"""
        {{Header("report", "report", limit: null)}}

        exec {{RunCommandLine.Quoted(Program.Concat(ReportArguments))}} --publish --threads "${SLURM_CPUS_PER_TASK:-1}"

        """;

    private string Header(string name, string log, TimeSpan? limit) => $$"""
        #!/bin/bash
        #SBATCH --job-name=kdnet-{{name}}
        #SBATCH --chdir={{RunCommandLine.Quoted(WorkingFolder)}}
        #SBATCH --output={{RunCommandLine.Quoted($"{Path.Combine(Folder, "logs").Replace("%", "%%", StringComparison.Ordinal)}/{log}.log")}}
        #SBATCH --open-mode=append
        #SBATCH --cpus-per-task={{Threads.ToString(CultureInfo.InvariantCulture)}}{{Time(limit)}}
        """;

    private static string Time(TimeSpan? limit) => limit is { } time
        ? string.Create(CultureInfo.InvariantCulture, $"\n#SBATCH --time={(int)time.TotalHours:00}:{time.Minutes:00}:00")
        : "";

    private static string Submit(IReadOnlyList<ArrayStage> stages)
    {
        List<string> first = [.. stages.Where(stage => stage.After is null).SelectMany(stage => stage.Runs)];
        IEnumerable<string> jobs = stages.Select(stage =>
        {
            string after = stage.After is null
                ? ""
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"--dependency=\"afterok:${{{ArrayStage.First}}}_{first.IndexOf(stage.After)}\" --kill-on-invalid-dep=yes ");
            return $"{Variable(stage)}=$(sbatch --parsable {after}\"$@\" {stage.Name}.sbatch)\n{Variable(stage)}=${{{Variable(stage)}%%;*}}";
        });
        string all = string.Concat(stages.Select(stage => $":${Variable(stage)}"));
        return $$"""
            #!/bin/bash
            # Submits all runs to Slurm, students after their teacher, the report after all. What is given here goes to each sbatch,
            # for example: bash submit.sh --partition=gpu --gres=gpu:1
            set -euo pipefail
            cd "$(dirname "${BASH_SOURCE[0]}")"
            {{string.Join('\n', jobs)}}
            sbatch {{(stages.Count == 0 ? "" : $"--dependency=\"afterany{all}\" ")}}"$@" report.sbatch

            """;
    }

    private static string Variable(ArrayStage stage) => stage.Name.Replace('-', '_');
}
