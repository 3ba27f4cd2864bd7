using FluentAssertions;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Images that an earlier build has preprocessed are not preprocessed anew by this one.</summary>
/// <remarks>The source files are stored too: an entry belongs to their very bytes, and another zlib would give others.</remarks>
public sealed class StoredCacheTests : IDisposable
{
    // Each set of options has a folder of its own, named after a hash of them.
    private static readonly PreprocessingOptions[] Options =
    [
        new() { Modalities = ["t1ce", "flair"], CropSize = VolumeSize.Cube(8), SubsamplingFactor = 1 },
        new() { CropCenter = CropCenter.Brain, CropSize = null, SizeMultiple = 4, SubsamplingFactor = 2 },
    ];

    private readonly TemporaryFolder _folder = new();

    private static string Patients => StoredFiles.At("preprocessing-cache", "patients");

    private static string Entries => StoredFiles.At("preprocessing-cache", "cache");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_stored_entry_is_used(int options)
    {
        // Were an entry made anew, its bytes might be the same, but not its date.
        DateTime earlier = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        StoredFiles.Copy(Entries, _folder["cache"]);
        foreach (string entry in Files(_folder["cache"]))
            File.SetLastWriteTimeUtc(_folder["cache", entry], earlier);
        MedicalCase patient = MedicalDataset.Open(Patients).Cases.Single();
        CachedCase cached = new PreprocessingCache(_folder["cache"], Options[options]).Prepare(patient);
        PreprocessedCase stored = cached.Load();

        cached.WasCached.Should().BeTrue();
        Files(_folder["cache"]).Should().Equal(Files(Entries));
        foreach (string entry in Files(Entries))
        {
            File.ReadAllBytes(_folder["cache", entry]).Should().Equal(File.ReadAllBytes(Path.Combine(Entries, entry)), entry);
            File.GetLastWriteTimeUtc(_folder["cache", entry]).Should().Be(earlier, entry);
        }

        // Were the images prepared in another way by now, an old entry must no longer be used.
        PreprocessedCase now = new Preprocessor(Options[options]).Process(patient);
        stored.Geometry.Should().Be(now.Geometry);
        (stored.Labels, stored.Foreground).Should().Be((now.Labels, now.Foreground));
        stored.Classes.Should().Equal(now.Classes);
        stored.Images.Keys.Should().Equal(now.Images.Keys);
        foreach (string modality in now.Images.Keys)
            stored.Images[modality].Zip(now.Images[modality], (before, after) => Math.Abs(before - after)).Max().Should().BeLessThan(1e-4f, modality);
    }

    [Fact]
    public void Entries_that_are_not_stored_yet_are_written()
    {
        StoredFiles.SkipUnlessWriting();
        if (!Directory.Exists(Patients))
            new BraTSPhantom(new BraTSPhantomOptions { Seed = 1, Size = VolumeSize.Cube(16) }).WriteDataset(Patients, 1, TestContext.Current.CancellationToken);
        foreach (PreprocessingOptions options in Options)
            new PreprocessingCache(Entries, options).Prepare(MedicalDataset.Open(Patients).Cases.Single());
    }

    private static string[] Files(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file))
            .Order(StringComparer.Ordinal),
    ];
}
