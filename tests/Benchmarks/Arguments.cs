using System.Globalization;
using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks;

/// <summary>The arguments of the command line.</summary>
internal sealed record Arguments(Setting Setting, string? Filter, bool List, string? Write)
{
    public const string Usage = """
        Usage: dotnet run -c Release --project tests/Benchmarks -- [options]
          --list             name all cases and end
          --filter PATTERN   only cases whose name contains PATTERN ('*' for all); without it, those that have targets
          --size N           edge of the volumes, 64 or 32 (default 64)
          --width N          channels of the first level, 16 or 30 (default 16)
          --batch N          cases in a batch, 1 or 2 (default 1)
          --threads N        threads of torch (default: all cores)
          --quick            fewer repetitions and smaller volumes, to see that everything works
          --write FILE       also write the tables between the markers in a Markdown file
        or: ... -- device cpu|cuda [check [precision [edge width cases]]]   whether a device agrees with the CPU, and how long it takes
        """;

    public static bool TryParse(IReadOnlyList<string> args, out Arguments arguments, out string problem)
    {
        arguments = new Arguments(Setting.Default, null, List: false, Write: null);
        problem = "";
        for (int i = 0; i < args.Count; i++)
        {
            string name = args[i];
            if (name == "--list")
                arguments = arguments with { List = true };
            else if (name == "--quick")
                arguments = arguments with { Setting = arguments.Setting with { Quick = true } };
            else if (i + 1 == args.Count || arguments.With(name, args[i + 1]) is not { } changed)
                problem = $"'{name}' is no option, or lacks its value.";
            else
                (arguments, i) = (changed, i + 1);
            if (problem.Length > 0)
                return false;
        }

        return true;
    }

    private Arguments? With(string name, string value) => name switch
    {
        "--filter" => this with { Filter = value },
        "--write" => this with { Write = value },
        _ => Number(value) is int number ? WithNumber(name, number) : null,
    };

    private Arguments? WithNumber(string name, int number) => name switch
    {
        "--size" => this with { Setting = Setting with { Size = number } },
        "--width" => this with { Setting = Setting with { Width = number } },
        "--batch" => this with { Setting = Setting with { Batch = number } },
        "--threads" => this with { Setting = Setting with { Threads = number } },
        _ => null,
    };

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number : null;
}
