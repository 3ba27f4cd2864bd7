using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using KnowledgeDistillation.Experiments;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>The options with which a reproduction is handed to a scheduler instead of being done.</summary>
internal sealed class ClusterOptions
{
    private const int UsualThreads = 4;

    private readonly Option<bool> _slurm = new("--slurm")
    {
        Description = "Write scripts into slurm below --out with which Slurm does the runs, students after their teachers, and the report at last.",
    };
    private readonly Option<bool> _submit = new("--submit")
    {
        Description = "With --slurm: submit them. sbatch reads its own options from SBATCH_ variables.",
    };
    private readonly Option<bool> _kubernetes = new("--kubernetes")
    {
        Description = "Write Job manifests into kubernetes below --out with which Kubernetes does the runs; with --image and --volume.",
    };
    private readonly Option<string?> _image = new("--image")
    {
        Description = "With --kubernetes: the container image, with kdnet on its path.",
        HelpName = "name",
    };
    private readonly Option<string?> _volume = new("--volume")
    {
        Description = "With --kubernetes: the volume claim that all pods can write, and where they see it; --out and --data lie below that path.",
        HelpName = "claim:/path",
    };
    private readonly Option<string> _resources = new("--resources")
    {
        Description = "With --kubernetes: what each pod asks for.",
        HelpName = "name=amount,...",
        DefaultValueFactory = _ => "cpu=4,memory=16Gi",
    };
    private readonly Option<string?> _queue = new("--queue")
    {
        Description = "With --kubernetes: the queue of Kueue in which the jobs wait.",
        HelpName = "name",
    };

    public ClusterOptions(Command command, IReadOnlyList<Option> excluded)
    {
        foreach (Option option in All)
            command.Add(option);
        command.Validators.Add(result =>
        {
            bool slurm = result.GetValue(_slurm), kubernetes = result.GetValue(_kubernetes);
            if (slurm && kubernetes)
                result.AddError("--slurm and --kubernetes exclude each other: write one after the other.");
            if ((slurm || kubernetes) && excluded.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } other)
                result.AddError($"{other.Name} has no meaning with {(slurm ? _slurm : _kubernetes).Name}: leave one of them out.");
            if (!slurm && result.GetValue(_submit))
                result.AddError("--submit is for scripts of --slurm: add it.");
            if (!kubernetes && ForPods.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } lone)
                result.AddError($"{lone.Name} is for manifests of --kubernetes: add it.");
            if (kubernetes && (result.GetValue(_image) is null || result.GetValue(_volume) is null))
                result.AddError("--kubernetes needs --image and --volume.");
            if (kubernetes && result.GetValue(_volume) is { } volume && ParseVolume(volume) is null)
                result.AddError($"--volume must be a claim and an absolute path, for example study:/work, but is {volume}.");
            if (result.GetResult(_resources) is { Implicit: false } && ParseResources(result.GetValue(_resources)) is null)
            {
                result.AddError(
                    $"--resources must be names and amounts, for example cpu=4,memory=16Gi,nvidia.com/gpu=1, but is {result.GetValue(_resources)}.");
            }
        });
    }

    private IReadOnlyList<Option> ForPods => [_image, _volume, _resources, _queue];

    private IReadOnlyList<Option> All => [_slurm, _submit, _kubernetes, .. ForPods];

    /// <summary>Whether the runs are handed to a scheduler.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_slurm) || parsed.GetValue(_kubernetes);

    /// <summary>Writes what the scheduler needs, and submits it where that was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="study">The study.</param>
    /// <param name="times">How long its runs take, by name; null where that is not known.</param>
    /// <param name="data">The data set; null for phantoms.</param>
    /// <param name="choice">The option that chooses runs, which each task does by itself.</param>
    /// <param name="threads">The option of the number of threads.</param>
    /// <param name="services">What every command works with.</param>
    public int Write(
        ParseResult parsed,
        ReproductionStudy study,
        IReadOnlyDictionary<string, TimeEstimate>? times,
        string? data,
        Option choice,
        Option<int> threads,
        CommandServices services)
    {
        IReadOnlyList<ArrayStage> stages = ArrayStage.Of(study, times);
        string folder = Environment.CurrentDirectory;
        if (parsed.GetValue(_kubernetes))
        {
            PodOptions pods = Pods(parsed, study.Folder, data);
            study.Begin();
            var jobs = new KubernetesJobs(
                Path.Combine(study.Folder, "kubernetes"),
                RunCommandLine.Without(parsed, [.. All, choice]),
                RunCommandLine.Without(parsed, All),
                folder,
                pods);
            jobs.Write(stages);
            services.Display.Say($"The manifests are written. Do the runs with: bash {RunCommandLine.Quoted(jobs.Script)}");
            return ExitCode.Done;
        }

        var scripts = new SlurmScripts(
            Path.Combine(study.Folder, "slurm"),
            RunCommandLine.Program,
            RunCommandLine.Without(parsed, [.. All, choice, threads]),
            RunCommandLine.Without(parsed, [.. All, threads]),
            folder,
            parsed.GetResult(threads) is { Implicit: false } ? parsed.GetValue(threads) : UsualThreads);
        study.Begin();
        scripts.Write(stages);
        if (parsed.GetValue(_submit))
            return Submit(scripts.Submission);
        services.Display.Say($"The scripts are written. Submit them with: bash {RunCommandLine.Quoted(scripts.Submission)}");
        return ExitCode.Done;
    }

    private static int Submit(string script)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("bash", [script]) { UseShellExecute = false })!;
            process.WaitForExit();
            return process.ExitCode == 0
                ? ExitCode.Done
                : throw new UsageException(
                    $"The scripts are written, but not all could be submitted: see above, then give bash {RunCommandLine.Quoted(script)}.");
        }
        catch (Win32Exception exception)
        {
            throw new UsageException(
                $"The scripts are written, but there is no bash here to submit them: give bash {RunCommandLine.Quoted(script)} where Slurm is.",
                exception);
        }
    }

    private PodOptions Pods(ParseResult parsed, string folder, string? data)
    {
        (string claim, string path) = ParseVolume(parsed.GetValue(_volume)!)!.Value;
        RequireBelow(folder, "--out");
        if (data is not null)
            RequireBelow(Path.GetFullPath(data), "--data");
        RequireBelow(Environment.CurrentDirectory, "The current folder");
        return new PodOptions(parsed.GetValue(_image)!, claim, path, ParseResources(parsed.GetValue(_resources))!, parsed.GetValue(_queue));

        void RequireBelow(string place, string option)
        {
            if (place != path && !place.StartsWith($"{path.TrimEnd('/')}/", StringComparison.Ordinal))
                throw new UsageException($"{option} is '{place}', which the pods cannot see: it must lie below the path of --volume, '{path}'.");
        }
    }

    private static (string Claim, string Path)? ParseVolume(string text) =>
        text.Split(':') is [{ Length: > 0 } claim, ['/', ..] path] ? (claim, path) : null;

    private static IReadOnlyList<(string Name, string Amount)>? ParseResources(string? text)
    {
        string[][] parts = [.. (text ?? "").Split(',').Select(part => part.Split('='))];
        return parts.All(part => part is [{ Length: > 0 }, { Length: > 0 }]) && parts.DistinctBy(part => part[0]).Count() == parts.Length
            ? [.. parts.Select(part => (part[0], part[1]))]
            : null;
    }
}
