using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>
/// What other programs computed of the same input, from two sources: our own small data in tests/Fixtures/Golden, always there (see the README there), and
/// a larger collection beside the checkout, where it is present. A name begins with its source: "own/pair.hdr", "shared/pair.hdr".
/// </summary>
/// <param name="own">The folder of our own data in tests/Fixtures/Golden.</param>
/// <param name="shared">The folder of the collection in the folder 'shared' beside the checkout.</param>
internal sealed class GoldenData(string own, params string[] shared)
{
    public const string Own = "own";

    public const string Shared = "shared";

    private readonly string _own = Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "Golden", own);

    /// <summary>The sources as rows of a theory; the collection's is skipped where it is absent.</summary>
    public IEnumerable<TheoryDataRow<string>> Sources => Rows([""], [""]).Select(row => new TheoryDataRow<string>(row.Data.TrimEnd('/')) { Skip = row.Skip });

    /// <summary>The sources that are here.</summary>
    public IEnumerable<string> PresentSources => Sources.Where(row => row.Skip is null).Select(row => row.Data);

    /// <summary>A row for each name. Where the collection is absent, one row stands for all of its names and is skipped with the reason.</summary>
    public IEnumerable<TheoryDataRow<string>> Rows(IEnumerable<string> ofOwn, IEnumerable<string> ofShared) =>
    [
        .. ofOwn.Select(name => new TheoryDataRow<string>($"{Own}/{name}")),
        .. SharedData.WhyAbsent(shared) is { } reason
            ? [new TheoryDataRow<string>(Shared) { Skip = reason }]
            : ofShared.Select(name => new TheoryDataRow<string>($"{Shared}/{name}")),
    ];

    /// <summary>The path of what a name stands for; skips the test where it is in the collection and that is absent.</summary>
    public string PathOf(string name)
    {
        string[] parts = name.Split('/');
        return parts[0] == Own ? Path.Combine([_own, .. parts[1..]]) : SharedData.Require([.. shared, .. parts[1..]]);
    }
}
