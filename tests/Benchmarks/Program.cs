using KnowledgeDistillation.Benchmarks;
using KnowledgeDistillation.Benchmarks.Cases;
using KnowledgeDistillation.Benchmarks.Device;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Report;

if (args is [WorkerProcess.Argument, string name, string side, string setting])
{
    Worker.Run(name, side, setting);
    return 0;
}

if (args is ["device", ..])
    return DeviceReport.Run(args[1..]);

if (!Arguments.TryParse(args, out Arguments arguments, out string problem))
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(Arguments.Usage);
    return 2;
}

BenchmarkCase[] cases = [.. AllCases.Matching(arguments.Filter)];
if (arguments.List || cases.Length == 0)
{
    foreach (BenchmarkCase item in arguments.List ? AllCases.All : [])
        Console.WriteLine($"{item.Name,-34} {item.Description}");
    return arguments.List ? 0 : Fail($"No case matches '{arguments.Filter}'; --list names all.");
}

List<Comparison> comparisons = [];
int skipped = 0;
foreach (BenchmarkCase item in cases)
{
    if (item.Hindrance() is { } hindrance)
    {
        Console.Error.WriteLine($"{item.Name} is skipped: {hindrance}");
        skipped++;
        continue;
    }

    Console.Error.WriteLine($"{item.Name} ...");
    try
    {
        comparisons.Add(Comparison.Run(item, arguments.Setting));
        Console.Error.WriteLine(Tables.Line(comparisons[^1]));
    }
    catch (BenchmarkException exception)
    {
        Console.Error.WriteLine($"{item.Name} failed: {exception.Message}");
    }
}

string text = Tables.Of(comparisons, arguments.Setting);
Console.WriteLine(text);
if (arguments.Write is { } path && comparisons.Count > 0)
    DocumentSection.Replace(path, SectionOf(cases), text);
return comparisons.Count + skipped == cases.Length ? 0 : 1;

static string SectionOf(BenchmarkCase[] cases) => Array.Exists(cases, item => item.Targets.Count > 0) ? "targets"
    : AllHave(cases, OnnxCases.Prefix) ? "onnx"
    : AllHave(cases, PyTorchCases.Prefix) ? "pytorch"
    : AllHave(cases, MethodCases.Prefix) ? "methods"
    : "growth";

static bool AllHave(BenchmarkCase[] cases, string prefix) => Array.TrueForAll(cases, item => item.Name.StartsWith(prefix, StringComparison.Ordinal));

static int Fail(string message)
{
    Console.Error.WriteLine(message);
    return 2;
}
