namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>That a member of one type uses another type.</summary>
/// <param name="From">The namespace of the user.</param>
/// <param name="Member">The user: its outermost type, and the member that a reader finds in the source.</param>
/// <param name="ToAssembly">The name of the assembly of what is used.</param>
/// <param name="To">The namespace of what is used.</param>
/// <param name="Used">The outermost type of what is used.</param>
internal sealed record TypeUse(string From, string Member, string ToAssembly, string To, string Used)
{
    public override string ToString() => $"{From}: {Member} uses {To}.{Used}";
}
