using System.Globalization;
using KnowledgeDistillation.Fuzz;
using KnowledgeDistillation.Fuzz.Targets;

const string usage = """
    Gives everything that reads files damaged ones, made by chance from a seed. Exit code 1 where something happens that is not documented: another
    exception, a wrong result, too much memory or time. The inputs that did it lie in 'fuzz-findings'.

      [SECONDS] [SEED] [TARGET]   seconds in all (default 60), seed (default 1), one target or all (default)
      replay TARGET FILE          one input again, with the whole exception

    Targets: 
    """;
string work = Directory.CreateTempSubdirectory("fuzz-").FullName;
try
{
    var targets = new SortedDictionary<string, Func<FuzzTarget>>(StringComparer.Ordinal)
    {
        ["csv"] = () => new CsvTarget(),
        ["decathlon"] = () => new DatasetTarget(work, "decathlon", "dataset.json", frames: true),
        ["history"] = () => new HistoryTarget(work),
        ["model"] = () => new ModelTarget(work, "model.json"),
        ["nifti"] = () => new NiftiTarget(),
        ["nnunet"] = () => new DatasetTarget(work, "nnunet", "dataset.json", frames: false),
        ["prepared"] = () => new PreparedCaseTarget(work),
        ["pytorch"] = () => new PyTorchTarget(work),
        ["resume"] = () => new ResumeTarget(work),
        ["splits"] = () => new DatasetTarget(work, "splits", "splits_final.json", frames: false),
        ["safetensors"] = () => new SafetensorsTarget(work),
        ["teacher"] = () => new TeacherCacheTarget(work),
        ["weights"] = () => new ModelTarget(work, "weights.safetensors"),
    };
    if (args is ["replay", string which, string file] && targets.TryGetValue(which, out Func<FuzzTarget>? replayed))
    {
        Console.WriteLine(replayed().Accepts(File.ReadAllBytes(file)) ? "accepted" : "refused");
        return 0;
    }

    if (args.Length > 3 || !int.TryParse(args.ElementAtOrDefault(0) ?? "60", CultureInfo.InvariantCulture, out int seconds) || seconds < 1
        || !int.TryParse(args.ElementAtOrDefault(1) ?? "1", CultureInfo.InvariantCulture, out int seed)
        || (args.ElementAtOrDefault(2) is { } named && !targets.ContainsKey(named)))
    {
        Console.WriteLine(usage + string.Join(", ", targets.Keys));
        return 2;
    }

    string[] chosen = args.ElementAtOrDefault(2) is { } one ? [one] : [.. targets.Keys];
    int found = chosen.Sum(name => new Campaign(name, targets[name](), seed, "fuzz-findings").Run(TimeSpan.FromSeconds((double)seconds / chosen.Length)));
    Console.WriteLine($"{found} findings with seed {seed}");
    return found == 0 ? 0 : 1;
}
finally
{
    Directory.Delete(work, recursive: true);
}
