using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class BraTSPhantomTests
{
    private static readonly BraTSPhantom Small = new(new() { Size = VolumeSize.Cube(32) });
    private static readonly CaseVolumes[] Cases = [.. Enumerable.Range(0, 12).Select(Small.Create)];

    [Fact]
    public void Background_is_exactly_zero_in_all_modalities_and_the_brain_nowhere()
    {
        foreach (CaseVolumes item in Cases)
        {
            bool[] brain = [.. item.Images["t1"].Voxels.Select(value => value != 0)];
            foreach (Volume<float> image in item.Images.Values)
                image.Voxels.Select(value => value != 0).Should().Equal(brain);
            (brain.Count(inside => inside) / (double)brain.Length).Should().BeInRange(0.15, 0.4);
            brain[0].Should().BeFalse();
            item.Segmentation!.Voxels.Where((label, i) => label != 0 && !brain[i]).Should().BeEmpty("tumor lies in the brain");
        }
    }

    [Fact]
    public void Brain_fills_the_grid_without_touching_its_border()
    {
        VolumeGrid grid = Small.Grid;
        foreach (CaseVolumes item in Cases)
        {
            Volume<float> image = item.Images["flair"];
            int[] rows =
            [
                .. Enumerable.Range(0, grid.Size.Y)
                    .Where(y => Enumerable.Range(0, grid.Size.X * grid.Size.Z).Any(i => image[i % grid.Size.X, y, i / grid.Size.X] != 0)),
            ];
            (rows[^1] - rows[0] + 1).Should().BeInRange(26, 32);
        }
    }

    [Fact]
    public void Intensities_are_whole_numbers_that_fit_int16() =>
        Cases.SelectMany(item => item.Images.Values)
            .Should().OnlyContain(image => image.Voxels.All(value => value == MathF.Round(value) && value >= 0 && value <= short.MaxValue));

    [Fact]
    public void Core_lies_within_edema_and_the_enhancing_rim_around_necrosis()
    {
        // Necrosis touches healthy tissue hardly ever: going outwards, one meets the rim or edema first.
        (int touching, int all) = (0, 0);
        foreach (int index in Enumerable.Range(0, 12).Where(index => Small.GradeOf(index) == TumorGrade.High))
        {
            Volume<int> labels = Cases[index].Segmentation!;
            for (int z = 1; z < 31; z++)
            {
                for (int y = 1; y < 31; y++)
                {
                    for (int x = 1; x < 31; x++)
                    {
                        if (labels[x, y, z] != 1)
                            continue;
                        all++;
                        if (labels[x - 1, y, z] == 0 || labels[x + 1, y, z] == 0
                            || labels[x, y - 1, z] == 0 || labels[x, y + 1, z] == 0 || labels[x, y, z - 1] == 0 || labels[x, y, z + 1] == 0)
                        {
                            touching++;
                        }
                    }
                }
            }
        }

        all.Should().BeGreaterThan(200);
        (touching / (double)all).Should().BeLessThan(0.2);
    }

    [Fact]
    public void Contrasts_are_those_of_the_modalities()
    {
        foreach (CaseVolumes item in Cases)
        {
            double Mean(string modality, int label) => item.Images[modality].Voxels.Where((value, i) => value != 0 && item.Segmentation!.Voxels[i] == label)
                .Select(value => (double)value).DefaultIfEmpty(double.NaN).Average();
            double Relative(string modality, int label) => Mean(modality, label) / Mean(modality, 0);

            Relative("flair", 2).Should().BeGreaterThan(1.25, "edema is bright in FLAIR");
            Relative("t2", 2).Should().BeGreaterThan(1.1, "and in T2");
            Relative("t1ce", 2).Should().BeInRange(0.85, 1.3, "and faint in T1ce");
            Relative("t1", 2).Should().BeInRange(0.85, 1.2, "and in T1");
            Relative("t1ce", 1).Should().BeLessThan(1, "necrosis is dark in T1ce");
            if (item.Segmentation!.Voxels.Contains(4))
            {
                Relative("t1ce", 4).Should().BeGreaterThan(1.4, "the rim is bright in T1ce");
                Relative("t1", 4).Should().BeLessThan(1.15, "and in T1ce only");
            }
        }
    }

    [Fact]
    public void Every_case_has_edema_and_core_and_some_have_no_enhancing_tumor()
    {
        foreach (CaseVolumes item in Cases)
        {
            item.Segmentation!.Voxels.Count(label => label == 2).Should().BeGreaterThan(40);
            item.Segmentation.Voxels.Count(label => label is 1 or 4).Should().BeGreaterThan(40);
        }

        Cases.Count(item => !item.Segmentation!.Voxels.Contains(4)).Should().BeInRange(1, 3);
    }

    [Fact]
    public void Shares_of_grades_and_of_cases_without_enhancement_are_kept_in_small_sets()
    {
        BraTSPhantom phantom = new(new() { Size = VolumeSize.Cube(16), LowGradeShare = 0.5, NonEnhancingShare = 0.25, Seed = 3 });
        Enumerable.Range(0, 20).Count(index => phantom.GradeOf(index) == TumorGrade.Low).Should().BeInRange(9, 11);
        Enumerable.Range(0, 20).Count(index => !phantom.Create(index).Segmentation!.Voxels.Contains(4)).Should().BeInRange(4, 6);
    }

    [Fact]
    public void Same_seed_and_index_give_the_same_case_and_others_give_others()
    {
        CaseVolumes again = new BraTSPhantom(new() { Size = VolumeSize.Cube(32) }).Create(7);
        again.Images["t2"].Voxels.Should().Equal(Cases[7].Images["t2"].Voxels);
        again.Segmentation!.Voxels.Should().Equal(Cases[7].Segmentation!.Voxels);
        Cases[8].Segmentation!.Voxels.Should().NotEqual(again.Segmentation.Voxels);
        new BraTSPhantom(new() { Size = VolumeSize.Cube(32), Seed = 1 }).Create(7).Segmentation!.Voxels.Should().NotEqual(again.Segmentation.Voxels);
    }

    [Fact]
    public void A_reference_error_moves_the_outline_and_leaves_the_images_alone()
    {
        CaseVolumes perfect = new BraTSPhantom(new() { Size = VolumeSize.Cube(40) }).Create(1);
        CaseVolumes drawn = new BraTSPhantom(new() { Size = VolumeSize.Cube(40), ReferenceError = 10 }).Create(1);

        foreach (string modality in BraTSModality.All)
            drawn.Images[modality].Voxels.Should().Equal(perfect.Images[modality].Voxels);
        bool[] before = [.. perfect.Segmentation!.Voxels.Select(label => label > 0)], after = [.. drawn.Segmentation!.Voxels.Select(label => label > 0)];
        double common = before.Zip(after).Count(pair => pair.First && pair.Second);
        (2 * common / (before.Count(inside => inside) + after.Count(inside => inside))).Should().BeInRange(0.6, 0.97);
    }

    [Fact]
    public void Tumor_contrast_of_zero_hides_the_tumor()
    {
        CaseVolumes item = new BraTSPhantom(new() { Size = VolumeSize.Cube(32), TumorContrast = 0, Distractors = 0, NoiseLevel = 0, BiasField = 0 }).Create(0);
        double Mean(int label) => item.Images["flair"].Voxels.Where((value, i) => value != 0 && item.Segmentation!.Voxels[i] == label).Average();
        (Mean(2) / Mean(0)).Should().BeInRange(0.85, 1.15);
    }

    [Fact]
    public void Grid_of_BraTS_has_voxels_of_1_mm_and_its_orientation()
    {
        VolumeGrid grid = new BraTSPhantom(new() { Size = new(240, 240, 155) }).Grid;
        grid.Spacing.Should().Be(Spacing.OneMillimeter);
        grid.Orientation.Should().Be(Orientation.LPS);
        grid.Affine.M24.Should().Be(239);
    }

    [Fact]
    public void Data_set_on_disk_opens_with_grades_and_holds_what_was_made()
    {
        using TemporaryFolder folder = new();
        Small.WriteDataset(folder["data"], 6, TestContext.Current.CancellationToken);

        MedicalDataset dataset = MedicalDataset.Open(folder["data"]);

        dataset.Cases.Select(item => item.Id).Should().Equal(Enumerable.Range(0, 6).Select(BraTSPhantom.IdOf));
        dataset.Cases.Select(item => item.Group).Should().Equal(Enumerable.Range(0, 6).Select(index => Small.GradeOf(index).ToString().ToLowerInvariant()));
        CaseVolumes loaded = dataset.Cases[3].Load();
        loaded.Segmentation!.Voxels.Should().Equal(Cases[3].Segmentation!.Voxels);
        foreach (string modality in BraTSModality.All)
            loaded.Images[modality].Voxels.Should().Equal(Cases[3].Images[modality].Voxels);
        loaded.Grid.CoincidesWith(Small.Grid).Should().BeTrue();
        NiftiImage.LoadHeader(dataset.Cases[3].Images["t1ce"].Path).DataType.Should().Be(NiftiDataType.Int16);
        NiftiImage.LoadHeader(dataset.Cases[3].SegmentationPath!).DataType.Should().Be(NiftiDataType.UInt8);
    }

    [Fact]
    public void Data_set_on_disk_has_the_same_bytes_each_time()
    {
        using TemporaryFolder folder = new();
        BraTSPhantom phantom = new(new() { Size = VolumeSize.Cube(16) });
        phantom.WriteDataset(folder["a"], 3, TestContext.Current.CancellationToken);
        phantom.WriteDataset(folder["b"], 3, TestContext.Current.CancellationToken);
        string[] files = [.. Directory.EnumerateFiles(folder["a"], "*", SearchOption.AllDirectories)];
        files.Should().HaveCount(15);
        foreach (string file in files)
            File.ReadAllBytes(file).Should().Equal(File.ReadAllBytes(folder["b", Path.GetRelativePath(folder["a"], file)]));
    }

    [Fact]
    public void Folder_that_holds_something_is_left_alone()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["thesis.txt"], "years of work");
        Action write = () => Small.WriteDataset(folder.Root, 1, TestContext.Current.CancellationToken);
        write.Should().Throw<IOException>().WithMessage("*is not empty*");
        File.Exists(folder["thesis.txt"]).Should().BeTrue();
    }

    [Fact]
    public void Cancelled_writing_leaves_nothing_behind()
    {
        using TemporaryFolder folder = new();
        Action write = () => Small.WriteDataset(folder["data"], 4, new CancellationToken(canceled: true));
        write.Should().Throw<OperationCanceledException>();
        Directory.EnumerateFileSystemEntries(folder.Root).Should().BeEmpty();
    }

    [Fact]
    public void All_wrong_options_are_named_at_once()
    {
        Action make = () =>
            _ = new BraTSPhantom(new() { Size = new(8, 32, 32), NoiseLevel = double.NaN, NonEnhancingShare = 2, Spacing = new Spacing(1, 0, 1) });
        make.Should().Throw<ArgumentException>().WithMessage("*Size*but is 8×32×32.*Spacing*NoiseLevel*but is NaN.*NonEnhancingShare*but is 2.*");
    }

    [Fact]
    public void Defaults_are_documented_values() => new BraTSPhantomOptions().Should().Be(new BraTSPhantomOptions
    {
        Seed = 0,
        Size = VolumeSize.Cube(48),
        Spacing = null,
        NoiseLevel = 0.04,
        BiasField = 0.15,
        TumorContrast = 1,
        EdemaContrastInT1 = 1,
        Distractors = 1,
        ReferenceError = 0,
        LowGradeShare = 0.26,
        NonEnhancingShare = 0.1,
    });

    [Fact]
    public void Partial_volume_smooths_the_images_and_leaves_the_reference_as_it_is()
    {
        BraTSPhantomOptions still = new() { Size = VolumeSize.Cube(24), NoiseLevel = 0 };
        CaseVolumes points = new BraTSPhantom(still).Create(0), volumes = new BraTSPhantom(still with { PartialVolume = true }).Create(0);

        volumes.Segmentation!.Voxels.Should().Equal(points.Segmentation!.Voxels);
        foreach (string modality in BraTSModality.All)
        {
            volumes.Images[modality].Voxels.Select(value => value != 0).Should().Equal(points.Images[modality].Voxels.Select(value => value != 0));
            Roughness(volumes.Images[modality]).Should().BeLessThan(0.95 * Roughness(points.Images[modality]), modality);
        }
    }

    [Fact]
    public void An_uneven_rim_keeps_its_brightest_places_and_loses_its_faintest()
    {
        BraTSPhantomOptions still = new() { Size = VolumeSize.Cube(32), NoiseLevel = 0, BiasField = 0 };
        CaseVolumes even = new BraTSPhantom(still).Create(1), uneven = new BraTSPhantom(still with { RimUnevenness = 0.8 }).Create(1);

        double[] shares = [.. Within(even, uneven, label: 4).Select(pair => pair.Other / pair.One)];
        shares.Max().Should().BeInRange(0.9, 1.0001);
        shares.Min().Should().BeLessThan(0.8);
        foreach (string modality in new[] { "t1", "t2", "flair" })
            uneven.Images[modality].Voxels.Should().Equal(even.Images[modality].Voxels, modality);
    }

    [Fact]
    public void A_core_like_edema_is_hidden_in_T1_and_T1ce_and_not_in_T2()
    {
        BraTSPhantomOptions still = new() { Size = VolumeSize.Cube(32), NoiseLevel = 0, BiasField = 0 };
        CaseVolumes dark = new BraTSPhantom(still).Create(1), alike = new BraTSPhantom(still with { CoreLikeEdema = 1 }).Create(1);

        foreach (string modality in new[] { "t1", "t1ce" })
        {
            Contrast(dark, modality).Should().BeLessThan(0.85);
            Contrast(alike, modality).Should().BeInRange(0.9, 1.2, modality);
        }

        alike.Images["t2"].Voxels.Should().Equal(dark.Images["t2"].Voxels);

        // The non-enhancing core over the edema.
        static double Contrast(CaseVolumes item, string modality) => Mean(item, modality, 1) / Mean(item, modality, 2);

        static double Mean(CaseVolumes item, string modality, int label) =>
            item.Images[modality].Voxels.Where((_, i) => item.Segmentation!.Voxels[i] == label).Average();
    }

    [Fact]
    public void Scanners_that_differ_give_images_of_different_sharpness()
    {
        BraTSPhantomOptions still = new() { Size = VolumeSize.Cube(24), NoiseLevel = 0, BiasField = 0 };
        BraTSPhantom alike = new(still), different = new(still with { ScannerVariation = 1 });
        double[] shares =
        [
            .. from index in Enumerable.Range(0, 4)
               from modality in BraTSModality.All
               select Roughness(different.Create(index).Images[modality]) / Roughness(alike.Create(index).Images[modality]),
        ];

        shares.Should().OnlyContain(share => share < 1.01);
        (shares.Max() - shares.Min()).Should().BeGreaterThan(0.15);
        different.Create(2).Segmentation!.Voxels.Should().Equal(alike.Create(2).Segmentation!.Voxels);
        different.Create(2).Images["t1"].Voxels.Should().Equal(new BraTSPhantom(still with { ScannerVariation = 1 }).Create(2).Images["t1"].Voxels);
    }

    private static IEnumerable<(double One, double Other)> Within(CaseVolumes one, CaseVolumes other, int label) =>
        Enumerable.Range(0, one.Segmentation!.Voxels.Length).Where(i => one.Segmentation.Voxels[i] == label)
            .Select(i => ((double)one.Images["t1ce"].Voxels[i], (double)other.Images["t1ce"].Voxels[i]));

    // The mean step from voxel to voxel within the brain, relative to its mean.
    private static double Roughness(Volume<float> image)
    {
        float[] voxels = [.. image.Voxels];
        double[] steps =
        [
            .. Enumerable.Range(1, voxels.Length - 1).Where(i => voxels[i] != 0 && voxels[i - 1] != 0).Select(i => (double)Math.Abs(voxels[i] - voxels[i - 1])),
        ];
        return steps.Average() / voxels.Where(value => value != 0).Average();
    }
}
