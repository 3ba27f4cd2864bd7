using System.CommandLine;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>The options that change <see cref="ExperimentSettings"/>. Names, descriptions, ranges and defaults are those of the settings.</summary>
internal sealed class SettingsOptions
{
    private readonly (string Preset, ExperimentSettings Settings)[] _presets;
    private readonly Command _command;
    private readonly List<(ExperimentSetting Setting, Option<string?> Option)> _options = [];

    public SettingsOptions(Command command, ExperimentSettings defaults)
        : this(command, ("", defaults))
    {
    }

    /// <summary>The options of a command that starts from one of several settings.</summary>
    /// <param name="command">The command.</param>
    /// <param name="presets">The settings with their names.</param>
    public SettingsOptions(Command command, params (string Preset, ExperimentSettings Settings)[] presets) => (_command, _presets) = (command, presets);

    /// <summary>The option of a setting on every command line, for example "--crop".</summary>
    public static string NameOf(string setting) => $"--{ExperimentSetting.Of(setting).OptionName}";

    /// <summary>Adds the options of all settings of a group except some.</summary>
    public void AddGroup(string group, params string[] except)
    {
        foreach (ExperimentSetting setting in ExperimentSetting.All.Where(setting => setting.Group == group && !except.Contains(setting.Name)))
            Add(setting.Name);
    }

    /// <summary>Adds the option of one setting.</summary>
    /// <param name="name">The name of the setting.</param>
    /// <param name="description">The option's description; null for that of the setting.</param>
    public Option<string?> Add(string name, string? description = null)
    {
        var setting = ExperimentSetting.Of(name);
        var option = new Option<string?>(NameOf(name))
        {
            Description = $"{description ?? setting.Description} [default: {Default(setting)}]",
            HelpName = setting.Choices.Count > 0 ? string.Join('|', setting.Choices) : setting.ValueType == typeof(bool) ? "true|false"
                : setting.ValueType == typeof(string) ? "text" : "number",
        };
        if (setting.IsList)
        {
            option.Arity = ArgumentArity.OneOrMore;
            option.AllowMultipleArgumentsPerToken = true;
            option.HelpName = "names";
            option.CustomParser = result => string.Join(',', result.Tokens.Select(token => token.Value));
        }

        option.Validators.Add(result =>
        {
            foreach (string token in result.Tokens.Select(token => token.Value))
            {
                if (setting.Parse(token, out _) is { } fault)
                    result.AddError($"{option.Name} {fault}.");
            }
        });
        _command.Add(option);
        _options.Add((setting, option));
        return option;
    }

    /// <summary>Whether the user gave a setting.</summary>
    public bool IsGiven(ParseResult parsed, string name) =>
        parsed.GetResult(_options.Single(option => option.Setting.Name == name).Option) is { Implicit: false };

    /// <summary>The settings with what the user gave.</summary>
    public ExperimentSettings Read(ParseResult parsed) => Read(parsed, _presets[0].Settings);

    /// <summary>Some settings with what the user gave.</summary>
    public ExperimentSettings Read(ParseResult parsed, ExperimentSettings start)
    {
        foreach ((ExperimentSetting setting, Option<string?> option) in _options)
        {
            if (parsed.GetValue(option) is { } text && setting.Parse(text, out object? value) is null)
                start = setting.Set(start, value);
        }

        // Runs are compared and resumed by the precision in which they computed, so "fastest" is resolved here and the result is stored.
        return start.Training.Precision == Precision.Fastest
            ? start with { Training = start.Training with { Precision = TorchRuntime.FastestPrecision() } }
            : start;
    }

    private string Default(ExperimentSetting setting)
    {
        (string Preset, string Value)[] values = [.. _presets.Select(preset => (preset.Preset, Text(preset.Settings)))];
        return values.Select(value => value.Value).Distinct().Count() == 1
            ? values[0].Value
            : string.Join("; ", values.Select(value => $"{value.Preset}: {value.Value}"));

        string Text(ExperimentSettings settings) => setting.Get(settings) is bool or Enum
            ? setting.Get(settings)!.ToString()!.ToLowerInvariant()
            : setting.Text(settings, setting.LeftOpen);
    }
}
