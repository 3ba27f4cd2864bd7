using System.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Options whose values are among a few words.</summary>
internal static class ChoiceOptions
{
    /// <summary>Refuses other values in one sentence that names the option, and offers the words in the help and to shells.</summary>
    public static void MustBeOneOf(this Option option, params IReadOnlyList<string> words)
    {
        option.CompletionSources.Add([.. words]);
        option.Validators.Add(result =>
        {
            foreach (string value in result.Tokens.Select(token => token.Value).Where(value => value.Trim().Length > 0 && !words.Contains(value)))
                result.AddError($"{option.Name} must be one of {string.Join(", ", words)}, but is {value}.");
        });
    }
}
