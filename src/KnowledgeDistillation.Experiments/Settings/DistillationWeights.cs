namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>The weights of an objective, each null where the objective has no such weight; the system that has it says what it means.</summary>
/// <param name="Lambda">λ, the weight of the teacher's predictions against the reference.</param>
/// <param name="Temperature">T, the temperature of the teacher's soft targets.</param>
/// <param name="Alpha">α, the weight of the term that compares features.</param>
public sealed record DistillationWeights(double? Lambda = null, double? Temperature = null, double? Alpha = null)
{
    /// <summary>The weights by name, without those that are null.</summary>
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
}
