using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>
/// The manifests with which Kubernetes does a reproduction: an Indexed Job for what needs no teacher, one for the students, a Job that writes tables and
/// report, and a script that applies them in turn, since Kubernetes has no order of Jobs. As JSON, which kubectl reads like YAML.
/// </summary>
/// <param name="Folder">Where the manifests go.</param>
/// <param name="RunArguments">The arguments of kdnet, without those that choose runs.</param>
/// <param name="ReportArguments">The arguments of kdnet, with the choice of runs.</param>
/// <param name="WorkingFolder">What paths in the arguments are relative to.</param>
/// <param name="Pods">What the pods are made of.</param>
internal sealed record KubernetesJobs(
    string Folder, IReadOnlyList<string> RunArguments, IReadOnlyList<string> ReportArguments, string WorkingFolder, PodOptions Pods)
{
    private const string Students = "students", Report = "report";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The script that applies all manifests.</summary>
    public string Script => Path.Combine(Folder, "apply.sh");

    /// <summary>Writes all manifests over those of an earlier call.</summary>
    public void Write(IReadOnlyList<ArrayStage> stages)
    {
        Directory.CreateDirectory(Folder);
        foreach (string old in Directory.EnumerateFiles(Folder, "*.json"))
            File.Delete(old);
        List<string> names = [];
        foreach (IGrouping<bool, ArrayStage> turn in stages.GroupBy(stage => stage.After is not null))
        {
            names.Add(turn.Key ? Students : ArrayStage.First);
            Write(names[^1], Job(names[^1], [.. turn.SelectMany(stage => stage.Runs)], turn.Max(stage => stage.Limit)));
        }

        Write(Report, Job(Report, runs: null, limit: null));
        AtomicFile.WriteText(Script, Apply([.. names, Report]));
    }

    private void Write(string name, JsonObject job) => AtomicFile.WriteText(Path.Combine(Folder, $"{name}.json"), job.ToJsonString(Json) + "\n");

    private JsonObject Job(string name, IReadOnlyList<string>? runs, TimeSpan? limit)
    {
        JsonObject labels = new() { ["app.kubernetes.io/name"] = "kdnet", ["app.kubernetes.io/component"] = name };
        if (Pods.Queue is not null)
            labels["kueue.x-k8s.io/queue-name"] = Pods.Queue;
        JsonObject specification = new()
        {
            ["completionMode"] = "Indexed",
            ["completions"] = runs?.Count ?? 1,
            ["parallelism"] = runs?.Count ?? 1,
            // A pod that was evicted does not count as failed.
            ["backoffLimitPerIndex"] = 2,
            ["podFailurePolicy"] = new JsonObject
            {
                ["rules"] = new JsonArray(new JsonObject
                {
                    ["action"] = "Ignore",
                    ["onPodConditions"] = new JsonArray(new JsonObject { ["type"] = "DisruptionTarget" }),
                }),
            },
            ["template"] = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels.DeepClone() }, ["spec"] = Pod(runs, limit) },
        };
        return new JsonObject
        {
            ["apiVersion"] = "batch/v1",
            ["kind"] = "Job",
            ["metadata"] = new JsonObject { ["name"] = $"{Prefix}-{name}", ["labels"] = labels },
            ["spec"] = specification,
        };
    }

    private JsonObject Pod(IReadOnlyList<string>? runs, TimeSpan? limit)
    {
        JsonObject pod = Pod(runs);
        if (limit is { } time)
            pod["activeDeadlineSeconds"] = (int)time.TotalSeconds;
        return pod;
    }

    private JsonObject Pod(IReadOnlyList<string>? runs) => new()
    {
        ["restartPolicy"] = "Never",
        ["terminationGracePeriodSeconds"] = 60,
        ["containers"] = new JsonArray(new JsonObject
        {
            ["name"] = "kdnet",
            ["image"] = Pods.Image,
            ["workingDir"] = WorkingFolder,
            ["command"] = new JsonArray("/bin/sh", "-c", Command(runs)),
            ["resources"] = new JsonObject { ["requests"] = Resources(), ["limits"] = Resources() },
            ["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "work", ["mountPath"] = Pods.MountPath }),
        }),
        ["volumes"] = new JsonArray(new JsonObject
        {
            ["name"] = "work",
            ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = Pods.Claim },
        }),
    };

    private JsonObject Resources() => new(Pods.Resources.Select(resource => KeyValuePair.Create(resource.Name, (JsonNode?)resource.Amount)));

    private string Command(IReadOnlyList<string>? runs)
    {
        if (runs is null)
            return $"exec {RunCommandLine.Quoted(ReportArguments.Prepend("kdnet"))} --publish";
        IEnumerable<string> cases = runs.Select((run, index) =>
            string.Create(CultureInfo.InvariantCulture, $"{index}) run={RunCommandLine.Quoted(run)};;"));
        return $"case \"$JOB_COMPLETION_INDEX\" in\n{string.Join('\n', cases)}\nesac\necho \"$run\"\n"
            + $"exec {RunCommandLine.Quoted(RunArguments.Prepend("kdnet"))} --only \"$run\" --shard 1/1";
    }

    // Jobs of several studies may stand in one namespace.
    private string Prefix => $"kdnet-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Folder)))[..8]}";

    private string Apply(IReadOnlyList<string> names) => $$"""
        #!/bin/bash
        # Does all runs on Kubernetes, students after their teachers, the report after all. What is given here goes to each kubectl, for example a namespace.
        set -euo pipefail
        cd "$(dirname "${BASH_SOURCE[0]}")"
        for job in {{string.Join(' ', names)}}; do
          kubectl "$@" delete job "{{Prefix}}-$job" --ignore-not-found
          kubectl "$@" apply -f "$job.json"
          until kubectl "$@" get job "{{Prefix}}-$job" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}' | grep -qE 'Complete|Failed'; do
            sleep 15
          done
          kubectl "$@" get job "{{Prefix}}-$job"
        done

        """;
}
