using System.CommandLine;
using System.CommandLine.Parsing;

namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>The command line with which each task of a job array does its run.</summary>
internal static class RunCommandLine
{
    /// <summary>How this very program is started.</summary>
    public static IReadOnlyList<string> Program
    {
        get
        {
            string started = Environment.ProcessPath ?? "kdnet";
            // Started as "dotnet kdnet.dll", the process is dotnet.
            return Path.GetFileNameWithoutExtension(started).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
                ? [started, Path.Combine(AppContext.BaseDirectory, $"{typeof(RunCommandLine).Assembly.GetName().Name}.dll")]
                : [started];
        }
    }

    /// <summary>The arguments that were given, without some options and their values.</summary>
    public static IReadOnlyList<string> Without(ParseResult parsed, params IReadOnlyCollection<Option> options)
    {
        HashSet<string> left = [.. options.SelectMany(option => option.Aliases.Append(option.Name))];
        List<string> kept = [];
        bool keeps = true;
        foreach (Token token in parsed.Tokens)
        {
            keeps = token.Type switch
            {
                TokenType.Option => !left.Contains(token.Value),
                TokenType.Argument => keeps,
                _ => true,
            };
            if (keeps)
                kept.Add(token.Value);
        }

        return kept;
    }

    /// <summary>A word as a POSIX shell reads it.</summary>
    public static string Quoted(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./=:,+%@".Contains(letter))
            ? word
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>Words as a POSIX shell reads them.</summary>
    public static string Quoted(IEnumerable<string> words) => string.Join(' ', words.Select(Quoted));
}
