using System.Diagnostics;
using System.Text.Json.Nodes;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Reproduction;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

public sealed class RunClaimTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-claims-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_is_held_by_one_until_it_is_given_back()
    {
        using (RunClaim? first = RunClaim.TryTake(_folder, Long))
        {
            first!.Number.Should().Be(1);
            RunClaim.TryTake(_folder, Long).Should().BeNull();
            first.Renew().Should().BeTrue();
        }

        using RunClaim? second = RunClaim.TryTake(_folder, Long);
        second!.Number.Should().Be(2);
        Directory.EnumerateFiles(_folder).Should().ContainSingle();
        second.Finish();
        Directory.EnumerateFileSystemEntries(_folder).Should().BeEmpty();
    }

    [Fact]
    public void What_another_machine_has_not_touched_for_the_limit_is_taken_over_and_what_it_has_touched_is_not()
    {
        WriteClaim(1, machine: "another", process: 1);
        RunClaim.TryTake(_folder, Long).Should().BeNull();

        File.SetLastWriteTimeUtc(FileOf(1), DateTime.UtcNow - (2 * Long));
        using RunClaim? taken = RunClaim.TryTake(_folder, Long);
        taken!.Number.Should().Be(2);
    }

    [Fact]
    public void What_a_dead_process_of_this_machine_held_is_taken_over_at_once()
    {
        string machine;
        using (RunClaim? own = RunClaim.TryTake(_folder, Long))
            machine = JsonNode.Parse(File.ReadAllText(FileOf(1)))!["Machine"]!.ToString();
        using Process brief = Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!, "--help") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        brief.StandardOutput.ReadToEnd();
        brief.WaitForExit();

        WriteClaim(2, machine, brief.Id);
        using RunClaim? taken = RunClaim.TryTake(_folder, Long);
        taken!.Number.Should().Be(3);
    }

    [Fact]
    public void A_claim_from_before_the_clock_was_set_back_is_abandoned_at_once()
    {
        WriteClaim(1, machine: "another", process: 1);
        File.SetLastWriteTimeUtc(FileOf(1), DateTime.UtcNow + (6 * Long));
        using RunClaim? taken = RunClaim.TryTake(_folder, Long);
        taken!.Number.Should().Be(2);
    }

    [Theory]
    [InlineData("claim-2147483647.json")]
    [InlineData("claim-99999999999999999999.json")]
    [InlineData("claim--1.json")]
    [InlineData("claim-x.json")]
    public void A_file_whose_number_is_none_of_ours_is_no_claim(string name)
    {
        File.WriteAllText(Path.Combine(_folder, name), "");
        using RunClaim? taken = RunClaim.TryTake(_folder, Long);
        taken!.Number.Should().Be(1);
        taken.Renew().Should().BeTrue();
    }

    [Theory]
    [InlineData("{\"Machine\": \"a\", \"Machine\": \"b\"}")]
    [InlineData("{\"Machine\": \"\\ud800\"}")]
    [InlineData("[]")]
    [InlineData("null")]
    public void A_damaged_file_counts_until_the_limit(string content)
    {
        File.WriteAllText(FileOf(1), content);
        RunClaim.TryTake(_folder, Long).Should().BeNull();
    }

    [Fact]
    public void A_file_that_its_maker_left_empty_counts_until_the_limit()
    {
        File.WriteAllText(FileOf(1), "");
        RunClaim.TryTake(_folder, Long).Should().BeNull();
        File.SetLastWriteTimeUtc(FileOf(1), DateTime.UtcNow - (2 * Long));
        using RunClaim? taken = RunClaim.TryTake(_folder, Long);
        taken.Should().NotBeNull();
    }

    [Fact]
    public void Of_many_that_take_over_at_once_one_alone_succeeds()
    {
        for (int round = 0; round < 20; round++)
        {
            string folder = Directory.CreateDirectory(Path.Combine(_folder, $"{round}")).FullName;
            WriteClaim(1, machine: "another", process: 1, folder);
            File.SetLastWriteTimeUtc(FileOf(1, folder), DateTime.UtcNow - (2 * Long));
            using var start = new Barrier(8);
            RunClaim?[] claims = new RunClaim?[8];
            Thread[] takers = [.. Enumerable.Range(0, claims.Length).Select(taker => new Thread(() =>
            {
                start.SignalAndWait();
                claims[taker] = RunClaim.TryTake(folder, Long);
            }))];
            foreach (Thread taker in takers)
                taker.Start();
            foreach (Thread taker in takers)
                taker.Join();

            claims.Should().ContainSingle(claim => claim != null);
            foreach (RunClaim? claim in claims)
                claim?.Dispose();
        }
    }

    [Fact]
    public void A_holder_notices_by_itself_that_another_has_taken_over_and_then_leaves_everything_alone()
    {
        using RunClaim? holder = RunClaim.TryTake(_folder, TimeSpan.FromSeconds(0.5));
        WriteClaim(2, machine: "another", process: 1);
        string before = File.ReadAllText(FileOf(1));

        holder!.Lost.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)).Should().BeTrue();
        holder.Renew().Should().BeFalse();
        holder.Dispose();
        File.ReadAllText(FileOf(1)).Should().Be(before);
        Directory.EnumerateFiles(_folder).Should().HaveCount(2);
    }

    [Fact]
    public void A_holder_whose_folder_is_gone_has_lost()
    {
        string folder = Path.Combine(_folder, "gone");
        using RunClaim? holder = RunClaim.TryTake(folder, Long);
        Directory.Delete(folder, recursive: true);
        holder!.Renew().Should().BeFalse();
    }

    [Fact]
    public void The_holder_gives_signs_of_life()
    {
        var limit = TimeSpan.FromSeconds(2);
        using RunClaim? holder = RunClaim.TryTake(_folder, limit);
        File.SetLastWriteTimeUtc(FileOf(1), DateTime.UtcNow - (2 * Long));
        SpinWait.SpinUntil(() =>
        {
            Thread.Sleep(50);
            return DateTime.UtcNow - File.GetLastWriteTimeUtc(FileOf(1)) < limit;
        }, TimeSpan.FromSeconds(30)).Should().BeTrue();
    }

    [Fact]
    public void An_attempt_finds_the_files_of_the_former_one_which_can_no_longer_reach_them()
    {
        var results = new RunResults(_folder);
        string first = results.Enter(1);
        File.WriteAllText(Path.Combine(first, "history.csv"), "first");
        // It had begun to move its results to their place, but had not moved this one.
        File.WriteAllText(Path.Combine(_folder, "scores.csv"), "scores");

        string second = results.Enter(2);

        File.ReadAllText(Path.Combine(second, "history.csv")).Should().Be("first");
        File.ReadAllText(Path.Combine(second, "scores.csv")).Should().Be("scores");
        FluentActions.Invoking(() => File.WriteAllText(Path.Combine(first, "history.csv"), "late")).Should().Throw<IOException>();

        // A writer that makes the folder again where it is missing cannot do harm either.
        Directory.CreateDirectory(first);
        File.WriteAllText(Path.Combine(first, "history.csv"), "late");
        string third = results.Enter(3);
        File.ReadAllText(Path.Combine(third, "history.csv")).Should().Be("first");
        Directory.EnumerateFileSystemEntries(_folder).Should().ContainSingle();
    }

    [Fact]
    public void Who_has_lost_the_claim_brings_nothing_out()
    {
        var results = new RunResults(_folder);
        using RunClaim? holder = RunClaim.TryTake(_folder, Long);
        string working = results.Enter(1);
        WriteClaim(2, machine: "another", process: 1);
        results.Enter(2);

        FluentActions.Invoking(() => results
            .Publish(working, [], new RunFacts(DateTimeOffset.UnixEpoch, 1, new Dictionary<string, string>(), new Dictionary<string, string>()), holder!))
            .Should().Throw<OperationCanceledException>();
        results.IsDone.Should().BeFalse();
    }

    private void WriteClaim(int number, string machine, int process, string? folder = null) =>
        File.WriteAllText(FileOf(number, folder),
            new JsonObject { ["Machine"] = machine, ["Process"] = process, ["Token"] = Guid.NewGuid(), ["Released"] = false }.ToJsonString());

    private string FileOf(int number, string? folder = null) => Path.Combine(folder ?? _folder, $"claim-{number}.json");
}
