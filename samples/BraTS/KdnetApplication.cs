using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Commands;
using KnowledgeDistillation.Samples.BraTS.Output;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The command line: finds the command, runs it, and turns whatever happens into a message and an exit code.</summary>
internal static class KdnetApplication
{
    private const string Explanation = """
        New here? 'kdnet demo' shows everything on made-up patients in a few minutes.

        With the BraTS data at hand:
          kdnet inspect BraTS2018
          kdnet train --system teacher --data BraTS2018 --out runs/teacher
          kdnet train --system kd-net --data BraTS2018 --out runs/kd-net --teacher runs/teacher
          kdnet evaluate --data BraTS2018 --model runs/kd-net
          kdnet predict --model runs/kd-net --out segmentations patient_t1ce.nii.gz
        """;

    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The arguments after the program's name.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="error">Where messages about failures go.</param>
    /// <param name="cancellation">Ends the command at the next point where its state on disk is complete.</param>
    /// <param name="load">The load of the machine (<see cref="MachineLoad"/>); null where it is not known.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellation, double? load = null)
    {
        var display = new Display(output, error);
        using var processes = new TrainingProcesses();
        var verbose = new Option<bool>("--verbose") { Description = "Show where in the program a failure happened.", Recursive = true };
        RootCommand root = CreateRoot(verbose, new CommandServices(display, arguments, cancellation) { Load = load, Processes = processes });
        ParseResult parsed = root.Parse(arguments.Count > 0 ? arguments : ["--help"]);
        if (parsed.Action is ParseErrorAction or null)
            return RefuseUsage(parsed, error);

        try
        {
            int code = parsed.Invoke(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
            return arguments.Count > 0 ? code : ExitCode.WrongUsage;
        }
        catch (OperationCanceledException)
        {
            error.WriteLine($"{processes.Prefix}Cancelled.");
            return ExitCode.Cancelled;
        }
        catch (Exception exception)
        {
            error.WriteLine($"{processes.Prefix}Error: {(parsed.GetValue(verbose) ? exception : Message(exception))}");
            return exception is UsageException or ExperimentException ? ExitCode.WrongUsage : ExitCode.Failed;
        }
    }

    // The library names settings by their properties; the user knows them as options.
    private static string Message(Exception exception)
    {
        string message = OptionNames.InText(ExceptionText.OneMessage(exception));
        return exception is ExperimentException { Settings.Count: > 0 } about
            ? $"{message} ({string.Join(", ", about.Settings.Select(SettingsOptions.NameOf))})"
            : message;
    }

    /// <summary>All commands with their options.</summary>
    internal static RootCommand CreateRoot(Option<bool> verbose, CommandServices services)
    {
        RootCommand root = new(
            "Trains a network that segments images of one modality with the help of a network that sees several (KD-Net), and uses it.")
        {
            new DemoCommand(services),
            new PhantomCommand(services),
            new InspectCommand(services),
            new ConvertCommand(services),
            new SystemsCommand(services),
            new TrainCommand(services),
            new EvaluateCommand(services),
            new PredictCommand(services),
            new ExportCommand(services),
            new ExportModelCommand(services),
            new ReproduceCommand(services),
            new StudyCommand(services),
            verbose,
        };
        RefuseEmptyValues(root);
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExplainedHelp((HelpAction)help.Action!, Explanation);
        return root;
    }

    // An empty value comes from a variable of a script that is not set; as a path it would be the current folder.
    private static void RefuseEmptyValues(Command command)
    {
        foreach (Option option in command.Options)
            option.Validators.Add(result => Refuse(result, option.Name));
        foreach (Argument argument in command.Arguments)
            argument.Validators.Add(result => Refuse(result, $"<{argument.Name}>"));
        foreach (Command inner in command.Subcommands)
            RefuseEmptyValues(inner);

        static void Refuse(SymbolResult result, string name)
        {
            if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
                result.AddError($"{name} must not be empty.");
        }
    }

    private static int RefuseUsage(ParseResult parsed, TextWriter error)
    {
        if (parsed.CommandResult.Command is RootCommand root && parsed.UnmatchedTokens.FirstOrDefault(token => !token.StartsWith('-')) is { } unknown)
        {
            string[] names = [.. root.Subcommands.Select(command => command.Name)];
            string meant = Array.Find(names, name => name.Equals(unknown, StringComparison.OrdinalIgnoreCase)) is { } same ? $" Did you mean '{same}'?" : "";
            error.WriteLine($"There is no command '{unknown}'.{meant} The commands are {string.Join(", ", names)}.");
            error.WriteLine("'kdnet --help' shows what they do.");
            return ExitCode.WrongUsage;
        }

        foreach (ParseError fault in parsed.Errors)
            error.WriteLine(fault.Message);
        error.WriteLine($"'{PathOf(parsed.CommandResult.Command)} --help' shows how it is used.");
        return ExitCode.WrongUsage;
    }

    private static string PathOf(Command command)
    {
        Command? parent = command.Parents.OfType<Command>().FirstOrDefault();
        return parent is null ? "kdnet" : $"{PathOf(parent)} {command.Name}";
    }
}
