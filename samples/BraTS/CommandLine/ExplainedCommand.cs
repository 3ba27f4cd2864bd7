using System.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>A command with one line for the list of commands, and more for those who ask for its help.</summary>
internal abstract class ExplainedCommand(string name, string description, string explanation) : Command(name, description)
{
    /// <summary>What a new user needs to know, and examples; shown at the end of the help.</summary>
    public string Explanation { get; } = explanation;
}
