using System.Security.Cryptography;
using System.Text;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// Names of cases as salted hashes: enough to tell whether a case of a known name was seen, without the names, which often are patient numbers.
/// </summary>
/// <remarks>
/// The text is "sha256:SALT:HASH,HASH,…". The salt is a digest of all names of the data set, so that the same cases give the same text, and hashes of
/// different data sets cannot be compared. Checkpoints of earlier versions have the names themselves, between bars.
/// A hash hides a name no better than the names can be guessed: whoever knows a patient's number can ask for it.
/// </remarks>
internal static class CaseIdentities
{
    private const string Mark = "sha256:";
    private const int HashLength = 16;

    /// <summary>The salt of a data set.</summary>
    public static string Salt(IEnumerable<string> all) => Digest(string.Join('\n', all.Order(StringComparer.Ordinal)));

    /// <summary>The text for some cases.</summary>
    public static string Write(IEnumerable<string> cases, string salt) => $"{Mark}{salt}:{string.Join(',', cases.Select(name => Hash(name, salt)))}";

    /// <summary>Tells of a case by its name whether it is among those of a text.</summary>
    public static Func<string, bool> Read(string text)
    {
        (string? salt, string[] identities) = Parse(text);
        HashSet<string> known = [.. identities];
        return salt is null ? known.Contains : name => known.Contains(Hash(name, salt));
    }

    /// <summary>How many cases a text names.</summary>
    public static int Count(string text) => Parse(text).Identities.Length;

    /// <summary>Whether two texts, of which the first may be of an earlier version, name the same cases in the same order.</summary>
    public static bool AreTheSame(string before, string now)
    {
        (string? formerSalt, string[] former) = Parse(before);
        (string? salt, string[] identities) = Parse(now);
        return formerSalt is null && salt is not null ? former.Select(name => Hash(name, salt)).SequenceEqual(identities) : before == now;
    }

    private static (string? Salt, string[] Identities) Parse(string text) => text.StartsWith(Mark, StringComparison.Ordinal)
        && text[Mark.Length..].Split(':') is [string salt, string hashes]
        ? (salt, hashes.Split(',', StringSplitOptions.RemoveEmptyEntries))
        : (null, text.Split('|', StringSplitOptions.RemoveEmptyEntries));

    private static string Hash(string name, string salt) => Digest($"{salt}\n{name}");

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..HashLength];
}
