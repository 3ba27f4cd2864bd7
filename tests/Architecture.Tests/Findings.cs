using FluentAssertions;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>What breaks a rule.</summary>
internal static class Findings
{
    /// <summary>Fails with all of them, one per line; a list alone would be cut off after the first few.</summary>
    public static void None(IEnumerable<string> findings) => string.Join(Environment.NewLine, findings).Should().BeEmpty();
}
