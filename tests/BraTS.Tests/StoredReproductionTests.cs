using System.Security.Cryptography;
using FluentAssertions;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>What an earlier build has trained for a reproduction counts in this one.</summary>
public sealed class StoredReproductionTests : IDisposable
{
    // T and α are not the paper's, so that the student is a "tuned" one.
    private static readonly string[] Settings =
    [
        "--cases", "6", "--size", "16", "--levels", "2", "--width", "2", "--epochs", "2", "--folds", "2", "--threads", "1",
        "--only", "teacher-1-skips", "baseline-1-skips", "kd-net-tuned-1-skips",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-stored-").FullName;

    private static string Stored => StoredFiles.At("reproduction");

    private string Copy => Path.Combine(_folder, "reproduction");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_runs_of_a_stored_reproduction_are_done_and_give_the_same_scores()
    {
        StoredFiles.Copy(Stored, Copy);
        Directory.Delete(Path.Combine(Copy, "results"), recursive: true);
        Kdnet again = Kdnet.Run(["reproduce", "--out", Copy, .. Settings]);

        again.Error.Should().BeEmpty();
        again.ExitCode.Should().Be(0);
        again.Output.Should().Contain("6 done. 0 runs to do here").And.Contain("6 of 6 runs are done").And.NotContain("epoch 1/2");
        Files(Path.Combine(Copy, "runs")).Should().Equal(Files(Path.Combine(Stored, "runs")));
        foreach (string table in Directory.GetFiles(Path.Combine(Stored, "results")).Select(file => Path.GetFileName(file)))
            File.Exists(Path.Combine(Copy, "results", table)).Should().BeTrue(table);
        File.ReadAllBytes(Path.Combine(Copy, "results", "cases.csv")).Should().Equal(File.ReadAllBytes(Path.Combine(Stored, "results", "cases.csv")));
    }

    [Fact]
    public void Other_settings_than_the_stored_ones_are_told_by_name()
    {
        StoredFiles.Copy(Stored, Copy);
        Kdnet other = Kdnet.Run(["reproduce", "--out", Copy, .. Settings, "--alpha", "3"]);

        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("Alpha was 2 and is now 3").And.NotContain(";", "no other setting differs");
    }

    [Fact]
    public void A_stored_network_segments_an_image()
    {
        string image = Directory.GetFiles(StoredFiles.At("preprocessing-cache", "patients"), "*_t1ce.nii.gz", SearchOption.AllDirectories).Single();
        string labels = Path.Combine(_folder, "labels.nii.gz");
        Kdnet run = Kdnet.Run("predict", "--model", Path.Combine(Stored, "runs", "fold-1", "kd-net-tuned-1-skips"), "--out", labels, "--threads", "1", image);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        File.Exists(labels).Should().BeTrue();
    }

    [Fact]
    public void A_reproduction_that_is_not_stored_yet_is_written()
    {
        StoredFiles.SkipUnlessWriting();
        if (Directory.Exists(Stored))
            return;
        Kdnet.Run(["reproduce", "--out", Copy, .. Settings]).ExitCode.Should().Be(0);
        // What counts: the settings, the runs without what only a fit that goes on or a reader needs, and the tables.
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Copy, "runs"), "optimizer.bin", SearchOption.AllDirectories).ToArray())
            File.Delete(file);
        foreach (string log in Directory.EnumerateDirectories(Path.Combine(Copy, "runs"), "tensorboard", SearchOption.AllDirectories).ToArray())
            Directory.Delete(log, recursive: true);
        foreach (string part in new[] { "runs", "results" })
            StoredFiles.Copy(Path.Combine(Copy, part), Path.Combine(Stored, part));
        File.Copy(Path.Combine(Copy, "reproduction.json"), Path.Combine(Stored, "reproduction.json"));
    }

    private static SortedDictionary<string, string> Files(string folder) => new(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(folder, file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))),
        StringComparer.Ordinal);
}
