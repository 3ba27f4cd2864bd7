using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>The finder of uses finds every kind of use that its documentation names, shown on types of this assembly that break a rule on purpose.</summary>
public sealed class FinderTests
{
    private static readonly AssemblyUses Own =
        AssemblyUses.Read(typeof(FinderTests).Assembly.GetName().Name!, typeof(FinderTests).Namespace!);

    private static readonly ILookup<string, string> FromLowToHigh =
        Own.All.Where(use => use is { From: "Fixture.Low", To: "Fixture.High" }).ToLookup(use => use.Member, use => use.Used);

    [Theory]
    [InlineData("Breaches.InABody", "Service")]
    [InlineData("Breaches.<InALambda>b__", "Service")]
    [InlineData("Breaches.<InALambdaWithACapture>b__", "Service")]
    [InlineData("Breaches.MoveNext", "Service")]
    [InlineData("Breaches.<InALocalFunction>g__Inner", "Service")]
    [InlineData("Breaches.InALocal", "Service")]
    [InlineData("Breaches.InAGenericArgument", "Listed")]
    [InlineData("Breaches.InTypeOf", "Service")]
    [InlineData("Breaches.InACatch", "Failure")]
    [InlineData("Breaches.Nested.InItsBody", "Service")]
    [InlineData("DescribedByAnAttribute", "Described")]
    [InlineData("Attributed", "NotedAttribute")]
    [InlineData("WithAField._kept", "Listed")]
    [InlineData("ConstrainedToAFailure`1", "Failure")]
    [InlineData("WithABase", "Failure")]
    public void A_use_is_found_wherever_it_hides(string member, string used) =>
        FromLowToHigh.Where(group => group.Key == member || member.Contains('<') && group.Key.StartsWith(member, StringComparison.Ordinal))
            .SelectMany(group => group).Should().Contain(used);

    [Fact]
    public void Nothing_is_found_where_there_is_nothing() =>
        FromLowToHigh.Select(group => group.Key).Should().NotContain(member => member.StartsWith("Innocent") || member.StartsWith("Constrained`"));

    [Fact]
    public void A_circle_is_found_with_its_edges_and_a_chain_is_none()
    {
        TypeUse Use(string from, string to) => new(from, $"{from}Type.Member", "assembly", to, $"{to}Type");
        TypeUse[] chain = [Use("A", "B"), Use("B", "C"), Use("A", "C"), Use("D", "D")];

        new FolderGraph(chain, name => name).Circles().Should().BeEmpty();
        new FolderGraph([.. chain, Use("C", "B")], name => name).Circles()
            .Should().Equal("B -> C: BType.Member uses CType", "C -> B: CType.Member uses BType");
        new FolderGraph([.. chain, Use("C", "A")], name => name).Circles().Should().HaveCount(4);
    }

    [Fact]
    public void Folders_may_be_taken_together()
    {
        TypeUse[] uses = [new("R.X.A", "M", "assembly", "R.Y", "T"), new("R.Y", "N", "assembly", "R.X.B", "U")];

        new FolderGraph(uses, name => name).Circles().Should().BeEmpty();
        new FolderGraph(uses, name => Layers.TopFolder(name, "R")).Circles().Should().Equal("X -> Y: M uses T", "Y -> X: N uses U");
    }
}
