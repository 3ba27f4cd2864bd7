using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>
/// Options whose values are numbers that are no settings of an experiment (<see cref="SettingsOptions"/>). Numbers are written with a decimal point,
/// whatever the culture, and without separators of thousands; what is no number is refused in one sentence.
/// </summary>
internal static class NumberOptions
{
    /// <summary>An option for a whole number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is.</param>
    /// <param name="least">The least value.</param>
    /// <param name="standard">The value where it is not given.</param>
    public static Option<int> Whole(string name, string description, int least, Func<int> standard) => new(name)
    {
        Description = description,
        HelpName = "number",
        DefaultValueFactory = _ => standard(),
        CustomParser = result => ParseWhole(result, result.Tokens[0].Value, least),
    };

    /// <summary>An option for several whole numbers.</summary>
    public static Option<int[]> Wholes(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "number",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.Select(token => ParseWhole(result, token.Value, int.MinValue))],
    };

    /// <summary>An option for a number above zero.</summary>
    public static Option<double> Positive(string name, string description, string unit, double standard) => new(name)
    {
        Description = description,
        HelpName = unit,
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value))
                return value;
            result.AddError($"{name} must be a number above 0, but is {text}.");
            return standard;
        },
    };

    private static int ParseWhole(ArgumentResult result, string text, int least)
    {
        string name = ((OptionResult)result.Parent!).Option.Name;
        if (!int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int value))
            result.AddError($"{name} must be a whole number, but is {text}.");
        else if (value < least)
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} must be at least {least}, but is {text}."));
        return value;
    }
}
