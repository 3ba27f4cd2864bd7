using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PostProcessingSearchTests
{
    // Voxels of 2 mm³; classes of BraTS: 1 necrosis, 2 edema, 3 enhancing.
    private static readonly VolumeGrid Row = new(new VolumeSize(12, 1, 1), Affine.Scaling(1, 2, 1));

    [Fact]
    public void What_is_stored_is_read_back_equal_whatever_the_order_and_case_of_its_regions()
    {
        PostProcessingOptions chosen = new() { MinimumVolumes = [new("inner", 5), new("a region around it", 7.25), new("ET", 2, "background")] };

        PostProcessingOptions read = PostProcessingMetadata.Read(PostProcessingMetadata.Replace(new Dictionary<string, string>(), chosen))!;

        read.Should().Be(chosen);
        read.GetHashCode().Should().Be(chosen.GetHashCode());
        (chosen with { MinimumVolumes = [.. chosen.MinimumVolumes.Select(item => item with { Region = item.Region.ToUpperInvariant() })] }).Should().Be(chosen);
        (chosen with { MinimumVolumes = [.. chosen.MinimumVolumes.Skip(1)] }).Should().NotBe(chosen);
        (chosen with { MinimumVolumes = [.. chosen.MinimumVolumes.Select(item => item with { CubicMillimeters = 1 })] }).Should().NotBe(chosen);
    }

    [Fact]
    public void A_threshold_lies_between_what_is_wrong_and_what_is_right()
    {
        PostProcessingChoice choice = Choose(
            ("133 22 000000", "111 22 000000"),
            ("130 22 000000", "110 22 000000"),
            ("133 33 000000", "133 33 000000"),
            ("333 33 300000", "333 33 300000"));

        // False enhancing tumors of 2 and 4 mm³, true ones of 8 and 12.
        choice.Options.LargestComponent.Should().BeFalse();
        choice.Options.MinimumVolumes.Should().Equal(new MinimumVolume("ET", 6));
        choice.Cases.Should().Be(4);
        choice.Regions.Select(region => (region.Region, Math.Round(region.Before, 6), Math.Round(region.After, 6)))
            .Should().Equal(("ET", 0.5, 1), ("TC", 1, 1), ("WT", 1, 1));
    }

    [Fact]
    public void The_largest_part_is_chosen_where_the_others_are_wrong()
    {
        PostProcessingChoice choice = Choose(
            ("133 22 000022", "133 22 000000"),
            ("133 22 003000", "133 22 000000"));

        choice.Options.Should().Be(new PostProcessingOptions { LargestComponent = true });
        choice.Regions.Should().OnlyContain(region => region.After == 1);
    }

    [Fact]
    public void The_largest_part_is_not_chosen_where_it_makes_one_region_worse()
    {
        // The mean over all regions would rise from 0.952 to 0.955, by the whole tumor of the first case.
        PostProcessingChoice choice = Choose(
            ("122 22 022022", "122 22 000000"),
            ("333 33 000030", "333 33 000030"));

        choice.Options.LargestComponent.Should().BeFalse();
        choice.Regions.Should().OnlyContain(region => region.After >= region.Before);
    }

    [Theory]
    [InlineData("133 22 000000", "133 22 000000")]
    [InlineData("000 00 000000", "133 22 000000")]
    [InlineData("000 00 000000", "000 00 000000")]
    [InlineData("133 22 000000", "000 00 000333")]
    public void What_improves_nothing_is_left_alone(string predicted, string reference)
    {
        PostProcessingChoice choice = Choose((predicted, reference));

        choice.Options.IsNone.Should().BeTrue();
        choice.Regions.Should().OnlyContain(region => region.After == region.Before);
    }

    [Fact]
    public void All_that_was_ever_predicted_may_be_wrong()
    {
        Choose(("133 22 000000", "111 22 000000")).Options.MinimumVolumes.Should().Equal(new MinimumVolume("ET", 8));
    }

    [Fact]
    public void Voxels_that_the_reference_leaves_open_do_not_count()
    {
        PostProcessingSearch search = new(BraTSLabelConvention.BraTS2018);
        byte[] reference = Classes("111 22 000000");
        reference[1] = reference[2] = LabelMap.Ignored;
        search.Add(Classes("133 22 000000"), reference, Row);

        search.Find().Options.IsNone.Should().BeTrue("the enhancing tumor lies where nobody knows");
    }

    [Fact]
    public void On_made_up_cases_no_region_ever_becomes_worse_and_the_post_processor_gives_what_was_promised()
    {
        var random = new Random(5);
        LabelConvention labels = BraTSLabelConvention.BraTS2018;
        int chosen = 0;
        for (int trial = 0; trial < 200; trial++)
        {
            (byte[] Predicted, byte[] Reference)[] cases = [.. Enumerable.Range(0, 5).Select(_ => (Drawn(random), Drawn(random)))];
            PostProcessingSearch search = new(labels);
            foreach ((byte[] predicted, byte[] reference) in cases)
                search.Add(predicted, reference, Row);

            PostProcessingChoice choice = search.Find();

            chosen += choice.Options.IsNone ? 0 : 1;
            PostProcessor processor = new(choice.Options, labels);
            foreach (Region region in labels.Regions)
            {
                double after = cases.Average(item =>
                {
                    byte[] cleaned = [.. item.Predicted];
                    processor.Apply(cleaned, Row);
                    return Dice(cleaned, item.Reference, region);
                });
                PostProcessingEffect effect = choice.Regions.Single(effect => effect.Region == region.Name);
                effect.Before.Should().BeApproximately(cases.Average(item => Dice(item.Predicted, item.Reference, region)), 1e-12);
                effect.After.Should().BeApproximately(after, 1e-12).And.BeGreaterThanOrEqualTo(effect.Before - 1e-9);
            }
        }

        chosen.Should().BeInRange(50, 199);
    }

    [Fact]
    public void What_was_stored_is_read_back_and_replaces_what_was_there()
    {
        PostProcessingOptions options = new()
        {
            LargestComponent = true,
            MinimumVolumes = [new MinimumVolume("ET", 1.0 / 3), new MinimumVolume("my region", 50, "edema")],
        };
        Dictionary<string, string> others = new() { ["system"] = "kd-net" };

        IReadOnlyDictionary<string, string> stored = PostProcessingMetadata.Replace(others, options);

        PostProcessingMetadata.Read(stored).Should().Be(options);
        PostProcessingMetadata.Read(PostProcessingMetadata.Replace(stored, new PostProcessingOptions())).Should().Be(new PostProcessingOptions());
        PostProcessingMetadata.Replace(stored, null).Should().Equal(others);
        PostProcessingMetadata.Read(others).Should().BeNull();
    }

    [Theory]
    [InlineData("postprocessing.largest-component", "perhaps")]
    [InlineData("postprocessing.min-volume.ET", "-1")]
    [InlineData("postprocessing.min-volume.ET", "much:edema")]
    [InlineData("postprocessing.min-volume.ET", "NaN")]
    public void Nonsense_is_refused_with_its_name(string fact, string text)
    {
        Dictionary<string, string> metadata = new() { ["postprocessing.largest-component"] = "no", [fact] = text };

        FluentActions.Invoking(() => PostProcessingMetadata.Read(metadata)).Should().Throw<InvalidDataException>().WithMessage($"*'{fact}' is '{text}'*");
    }

    private static PostProcessingChoice Choose(params (string Predicted, string Reference)[] cases)
    {
        PostProcessingSearch search = new(BraTSLabelConvention.BraTS2018);
        foreach ((string predicted, string reference) in cases)
            search.Add(Classes(predicted), Classes(reference), Row);
        return search.Find();
    }

    private static byte[] Classes(string text)
    {
        byte[] classes = new byte[Row.VoxelCount];
        byte[] given = [.. text.Where(char.IsDigit).Select(digit => (byte)(digit - '0'))];
        given.CopyTo(classes, 0);
        return classes;
    }

    private static byte[] Drawn(Random random) => [.. Enumerable.Range(0, Row.VoxelCount).Select(_ => (byte)(random.Next(3) == 0 ? random.Next(4) : 0))];

    private static double Dice(byte[] predicted, byte[] reference, Region region) =>
        SegmentationEvaluator.Evaluate<byte>(predicted, reference, Row.Size, Row.Spacing, [region])[0].Dice;
}
