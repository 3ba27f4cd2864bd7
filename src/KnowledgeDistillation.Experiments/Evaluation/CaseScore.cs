using System.Text.Json;
using System.Text.Json.Serialization;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>The scores of one region of one case.</summary>
/// <param name="Network">The title of the network.</param>
/// <param name="CaseId">The name of the case.</param>
/// <param name="Group">The group that it belongs to, for example its grade; null where it is not known.</param>
/// <param name="Grid">The grid on which prediction and reference were compared.</param>
/// <param name="Region">The scores.</param>
public sealed record CaseScore(
    string Network,
    string CaseId,
    [property: JsonPropertyName("Grade"), JsonConverter(typeof(CaseScore.StoredGroup))] string? Group,
    ScoringGrid Grid,
    RegionScores Region)
{
    /// <summary>What tables write in place of a group that is not known.</summary>
    internal const string UnknownGroup = "unknown";

    // Results on disk were written when the groups were three grades.
    private sealed class StoredGroup : JsonConverter<string?>
    {
        private static readonly string[] Grades = ["High", "Low", "Unknown"];

        public override bool HandleNull => true;

        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            string? text = reader.GetString();
            string? grade = Array.Find(Grades, text is null ? _ => false : text.Equals)?.ToLowerInvariant();
            return grade == UnknownGroup ? null : grade ?? text;
        }

        public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value switch { null => "Unknown", "high" => "High", "low" => "Low", _ => value });
    }
}
