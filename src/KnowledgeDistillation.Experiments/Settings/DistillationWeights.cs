namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>The weights of an objective; what each means is said by the system that has it.</summary>
/// <param name="Lambda">λ, the weight of the teacher's predictions against the reference.</param>
/// <param name="Temperature">T, the temperature of the teacher's soft targets.</param>
/// <param name="Alpha">α, the weight of the term that compares features.</param>
internal sealed record DistillationWeights(double? Lambda = null, double? Temperature = null, double? Alpha = null)
{
    /// <summary>These weights, or those of the settings where they give one.</summary>
    public DistillationWeights With(ExperimentSettings settings) => new(
        Lambda is null ? null : settings.Lambda ?? Lambda,
        Temperature is null ? null : settings.Temperature ?? Temperature,
        Alpha is null ? null : settings.Alpha ?? Alpha);

    /// <summary>Refuses settings that give a weight which is not there, because their author expects something of it.</summary>
    /// <exception cref="ExperimentException">There is one.</exception>
    public void RefuseOthers(ExperimentSettings settings, string system)
    {
        Refuse(Lambda, settings.Lambda, "--lambda", system);
        Refuse(Temperature, settings.Temperature, "--temperature", system);
        Refuse(Alpha, settings.Alpha, "--alpha", system);
    }

    /// <summary>The weights by name, without those that are not there.</summary>
    public IEnumerable<(string Name, double Value)> Named() =>
        new (string Name, double? Value)[] { ("lambda", Lambda), ("temperature", Temperature), ("alpha", Alpha) }
            .Where(weight => weight.Value is not null)
            .Select(weight => (weight.Name, weight.Value!.Value));

    /// <summary>For example "λ 0.75, T 5, α 10"; empty where there are none.</summary>
    public string InWords() => string.Join(", ", Named().Select(weight => FormattableString.Invariant($"{Symbol(weight.Name)} {weight.Value}")));

    private static string Symbol(string weight) => weight switch
    {
        "lambda" => "λ",
        "temperature" => "T",
        _ => "α",
    };

    private static void Refuse(double? weight, double? given, string option, string system)
    {
        if (weight is null && given is not null)
            throw new ExperimentException(FormattableString.Invariant($"The system '{system}' has no weight that {option} {given} could set: leave it out."));
    }
}
