using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using FluentAssertions;
using KnowledgeDistillation.Samples.BraTS.Cluster;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>What `reproduce` hands to schedulers. Against a real Slurm: tests/Cluster/slurm.sh.</summary>
public sealed class ClusterTests : IDisposable
{
    private static readonly string[] Small =
    [
        "--cases", "6", "--size", "16", "--levels", "2", "--width", "2", "--epochs", "1", "--folds", "2", "--threads", "1",
        "--temperature", "5", "--alpha", "10",
    ];

    // Does each task of an array at once, and says what it was asked.
    private const string FakeSbatch = """
        #!/bin/bash
        number=$(($(cat "$FAKE/count" 2> /dev/null || echo 0) + 1))
        echo "$number" > "$FAKE/count"
        echo "$*" >> "$FAKE/asked"
        script=${!#}
        array=$(sed -n 's/^#SBATCH --array=0-//p' "$script")
        for task in $(seq 0 "${array:-0}"); do
          SLURM_ARRAY_TASK_ID=$task SLURM_JOB_ID=$number SLURM_CPUS_PER_TASK=1 bash "$script" >> "$FAKE/output" 2>&1 \
            || echo "$script $task failed" >> "$FAKE/output"
        done
        echo "$number;cluster"
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("7", "5", "3", null, 3, 3)]
    [InlineData("0", "0", "4", "1", 1, 4)]
    [InlineData("5", "1", "3", "2", 3, 3)]
    [InlineData("1", "1", "1", null, 1, 1)]
    public void A_task_of_a_Slurm_array_knows_its_part(string id, string min, string count, string? step, int number, int parts)
    {
        Dictionary<string, string?> environment = new()
        {
            ["SLURM_ARRAY_TASK_ID"] = id,
            ["SLURM_ARRAY_TASK_MIN"] = min,
            ["SLURM_ARRAY_TASK_COUNT"] = count,
            ["SLURM_ARRAY_TASK_STEP"] = step,
        };

        ArrayTask.Read(environment.GetValueOrDefault).Should().Be(new ArrayTask(number, parts, "Slurm"));
    }

    [Fact]
    public void A_pod_of_an_indexed_job_knows_its_part()
    {
        Dictionary<string, string?> environment = new() { ["JOB_COMPLETION_INDEX"] = "2", ["JOB_COMPLETIONS"] = "3" };

        ArrayTask.Read(environment.GetValueOrDefault).Should().Be(new ArrayTask(3, 3, "Kubernetes"));
    }

    [Theory]
    [InlineData("", "*SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX*")]
    [InlineData("SLURM_ARRAY_TASK_ID=x SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=2", "*SLURM_ARRAY_TASK_ID*'x'*")]
    [InlineData("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=0", "*SLURM_ARRAY_TASK_COUNT*not set*")]
    [InlineData("SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3", "*without gaps*")]
    [InlineData("SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=2", "*without gaps*")]
    [InlineData("JOB_COMPLETION_INDEX=1", "*JOB_COMPLETIONS*not set*")]
    [InlineData("JOB_COMPLETION_INDEX=3 JOB_COMPLETIONS=3", "*must be below*")]
    public void What_is_no_part_of_an_array_is_refused(string variables, string message)
    {
        Dictionary<string, string> environment = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);

        FluentActions.Invoking(() => ArrayTask.Read(environment.GetValueOrDefault)).Should().Throw<UsageException>().WithMessage(message);
    }

    [Fact]
    public void The_scripts_for_Slurm_do_the_runs_in_order_and_publish_them()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The scripts are for bash.");
            return;
        }

        using var writing = KdnetProcess.Start(
            ["reproduce", "--out", _folder["it's here"], "--slurm", "--only", "fold-1/teacher-1-skips", "fold-1/gt-kd-1-skips", .. Small]);
        writing.ReadToEnd().Should().Be(0);
        writing.Lines[^1].Should().StartWith("The scripts are written. Submit them with: bash ");

        Process submission = Submit(_folder["it's here", "slurm", "submit.sh"], "--partition=gpu");

        string output = File.ReadAllText(_folder["fake", "output"]);
        submission.ExitCode.Should().Be(0, output);
        File.ReadAllLines(_folder["fake", "asked"]).Should().Equal(
            "--parsable --partition=gpu first.sbatch",
            "--parsable --dependency=afterok:1_0 --kill-on-invalid-dep=yes --partition=gpu students-1.sbatch",
            "--dependency=afterany:1:2 --partition=gpu report.sbatch");
        output.Should().NotContain("failed").And.MatchRegex("fold-1/teacher-1-skips on [^,]*, start 1").And.Contain("2 of 4 runs are done");
        File.Exists(_folder["it's here", "report.html"]).Should().BeTrue();
        File.ReadAllText(_folder["it's here", "slurm", "first.sbatch"]).Should().ContainAll(
            "#SBATCH --chdir=/",
            $"#SBATCH --output='{_folder["it"]}'\\''s here/slurm/logs/first-%a.log'",
            "--requeue",
            "--open-mode=append",
            "--signal=B:USR1@120",
            "--time=00:30:00",
            "--cpus-per-task=1");
    }

    [Fact]
    public void What_is_done_is_not_handed_over_again()
    {
        Kdnet.Run(["reproduce", "--out", _folder["out"], "--only", "fold-1/teacher-1-skips", .. Small]).ExitCode.Should().Be(0);
        string[] command = ["reproduce", "--out", _folder["out"], "--only", "fold-1/teacher-1-skips", "fold-1/gt-kd-1-skips", .. Small];

        Kdnet.Run([.. command, "--slurm"]).ExitCode.Should().Be(0);

        Directory.GetFiles(_folder["out", "slurm"]).Select(Path.GetFileName).Should().BeEquivalentTo("first.sbatch", "report.sbatch", "submit.sh");
        File.ReadAllText(_folder["out", "slurm", "first.sbatch"]).Should().Contain("fold-1/gt-kd-1-skips\n").And.NotContain("teacher-1-skips");
        Kdnet publish = Kdnet.Run([.. command, "--publish"]);
        publish.ExitCode.Should().Be(1);
        publish.Error.Should().Contain("gt-kd-1-skips: it has not been done yet");
    }

    [Fact]
    public void The_manifests_for_Kubernetes_hold_every_run_once()
    {
        string mount = Path.GetPathRoot(_folder.Root)!;
        Kdnet run = Kdnet.Run(
        [
            "reproduce", "--out", _folder["out"], "--kubernetes", "--image", "hospital/kdnet:1", "--volume", $"study:{mount}",
            "--resources", "cpu=8,nvidia.com/gpu=1", "--queue", "night", "--only", "fold-*/teacher-1-skips", "fold-*/gt-kd-1-skips", .. Small,
        ]);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        JsonNode first = Manifest("first"), students = Manifest("students"), report = Manifest("report");
        foreach (JsonNode job in new[] { first, students, report })
        {
            job["apiVersion"]!.GetValue<string>().Should().Be("batch/v1");
            job["metadata"]!["labels"]!["kueue.x-k8s.io/queue-name"]!.GetValue<string>().Should().Be("night");
            job["spec"]!["completionMode"]!.GetValue<string>().Should().Be("Indexed");
            JsonNode container = job["spec"]!["template"]!["spec"]!["containers"]![0]!;
            container["image"]!.GetValue<string>().Should().Be("hospital/kdnet:1");
            container["resources"]!["limits"]!["nvidia.com/gpu"]!.GetValue<string>().Should().Be("1");
            container["volumeMounts"]![0]!["mountPath"]!.GetValue<string>().Should().Be(mount);
        }

        first["spec"]!["completions"]!.GetValue<int>().Should().Be(2);
        Command(first).Should().ContainAll("0) run=fold-1/teacher-1-skips;;", "1) run=fold-2/teacher-1-skips;;", "--only \"$run\" --shard 1/1");
        Command(students).Should().ContainAll("0) run=fold-1/gt-kd-1-skips;;", "1) run=fold-2/gt-kd-1-skips;;");
        Command(report).Should().EndWith("--publish").And.Contain("--only 'fold-*/teacher-1-skips'");
        File.ReadAllText(_folder["out", "kubernetes", "apply.sh"]).Should().Contain("for job in first students report; do")
            .And.Contain($"{first["metadata"]!["name"]!.GetValue<string>()[..^"-first".Length]}-$job");

        JsonNode Manifest(string name) => JsonNode.Parse(File.ReadAllBytes(_folder["out", "kubernetes", $"{name}.json"]))!;

        static string Command(JsonNode job) => job["spec"]!["template"]!["spec"]!["containers"]![0]!["command"]![2]!.GetValue<string>();
    }

    [Theory]
    [InlineData("--slurm and --kubernetes exclude", "--slurm", "--kubernetes", "--image", "a", "--volume", "b:/c")]
    [InlineData("--submit is for scripts of --slurm", "--submit")]
    [InlineData("--image is for manifests of --kubernetes", "--image", "a")]
    [InlineData("--kubernetes needs --image and --volume", "--kubernetes", "--image", "a")]
    [InlineData("--volume must be a claim and an absolute path", "--kubernetes", "--image", "a", "--volume", "b")]
    [InlineData("--resources must be names and amounts", "--kubernetes", "--image", "a", "--volume", "b:/c", "--resources", "cpu")]
    [InlineData("--dry-run has no meaning with --slurm", "--slurm", "--dry-run")]
    [InlineData("--shard has no meaning with --slurm", "--slurm", "--shard", "1/2")]
    [InlineData("--publish and --dry-run exclude", "--publish", "--dry-run")]
    [InlineData("--out is", "--kubernetes", "--image", "a", "--volume", "b:/nowhere")]
    [InlineData("--shard must be i/n", "--shard", "task")]
    public void Options_that_do_not_fit_are_refused(string message, params string[] options)
    {
        Kdnet run = Kdnet.Run(["reproduce", "--out", _folder["out"], .. Small, .. options]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(message);
    }

    [UnsupportedOSPlatform("windows")]
    private Process Submit(string script, string argument)
    {
        string fake = Directory.CreateDirectory(_folder["fake"]).FullName;
        File.WriteAllText(Path.Combine(fake, "sbatch"), FakeSbatch);
        File.SetUnixFileMode(Path.Combine(fake, "sbatch"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("bash", [script, argument]) { UseShellExecute = false };
        start.Environment["FAKE"] = fake;
        start.Environment["PATH"] = $"{fake}:{Environment.GetEnvironmentVariable("PATH")}";
        Process process = Process.Start(start)!;
        process.WaitForExit();
        return process;
    }
}
