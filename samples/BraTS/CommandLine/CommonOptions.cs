using System.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    /// <summary>A data set that must exist.</summary>
    public static Option<string?> Data(string description)
    {
        var option = new Option<string?>("--data") { Description = description, HelpName = "folder" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } folder && !Directory.Exists(folder))
                result.AddError($"The folder '{folder}' (--data) does not exist.");
        });
        return option;
    }

    /// <summary>Where a command's results go.</summary>
    public static Option<string> Out(string description) => new("--out") { Description = description, HelpName = "folder" };

    /// <summary>What to do about cases that cannot be used.</summary>
    public static Option<bool> SkipFaulty() => new("--skip-faulty") { Description = "Leave out cases that cannot be used, naming them, instead of stopping." };

    /// <summary>One or more checkpoints.</summary>
    public static Option<string[]> Models(string description) => new("--model")
    {
        Description = description,
        HelpName = "checkpoint",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };
}
