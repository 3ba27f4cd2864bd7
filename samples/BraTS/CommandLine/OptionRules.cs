using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Rules for the values of options, checked before a command starts.</summary>
internal static class OptionRules
{
    public static void MustBeAtLeast<T>(this Option<T> option, T least)
        where T : INumber<T> => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && result.GetValueOrDefault<T>() is { } value && !(value >= least))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be at least {least}, but is {value}."));
    });

    public static void MustBeAbove<T>(this Option<T> option, T bound)
        where T : INumber<T> => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && result.GetValueOrDefault<T>() is { } value && !(value > bound))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be above {bound}, but is {value}."));
    });

    public static void MustBeAbove<T>(this Option<T?> option, T bound)
        where T : struct, INumber<T> => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && result.GetValueOrDefault<T?>() is { } value && !(value > bound))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be above {bound}, but is {value}."));
    });
}
