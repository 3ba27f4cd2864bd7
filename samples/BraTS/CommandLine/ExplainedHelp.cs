using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>The usual help, then the explanation of the command.</summary>
internal sealed class ExplainedHelp(HelpAction usual, string explanationOfAll) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        string explanation = parseResult.CommandResult.Command is ExplainedCommand command ? command.Explanation
            : parseResult.CommandResult.Command is RootCommand ? explanationOfAll
            : "";
        if (explanation.Length > 0)
            parseResult.InvocationConfiguration.Output.WriteLine(explanation);
        return ExitCode.Done;
    }
}
