using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class MirroredPredictorTests
{
    private static readonly VolumeSize Size = new(3, 4, 5);
    private static readonly OverlappingRegions Labels = new([BraTSRegions.WholeTumor], [BraTSLabelConvention.EdemaClass]);

    [Fact]
    public void A_network_that_treats_mirror_images_alike_says_the_same()
    {
        FakePredictor network = new(Labels, source => [[.. source.Images["t1ce"].Select(value => value / 100)]]);
        PreprocessedCase source = Case();

        float[][] mirrored = new MirroredPredictor(network, new Flips(true, true, true)).Probabilities(source);

        network.Calls.Should().Be(8);
        mirrored[0].Should().Equal(source.Images["t1ce"].Select(value => value / 100), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData(true, false, false, 2)]
    [InlineData(false, true, true, 4)]
    [InlineData(false, false, false, 1)]
    public void The_mean_is_symmetric_along_the_mirrored_axes_and_no_other(bool x, bool y, bool z, int calls)
    {
        // A network that sees a corner only.
        FakePredictor network = new(Labels, source => [[.. Enumerable.Range(0, Size.VoxelCount).Select(i => i == 0 ? 1f : 0f)]]);

        float[] mean = new MirroredPredictor(network, new Flips(x, y, z)).Probabilities(Case())[0];

        network.Calls.Should().Be(calls);
        HashSet<int> corners =
        [
            .. from cx in x ? new[] { 0, Size.X - 1 } : [0]
               from cy in y ? new[] { 0, Size.Y - 1 } : [0]
               from cz in z ? new[] { 0, Size.Z - 1 } : [0]
               select Size.IndexOf(cx, cy, cz),
        ];
        mean.Should().Equal(Enumerable.Range(0, Size.VoxelCount).Select(i => corners.Contains(i) ? 1f / calls : 0));
    }

    private static PreprocessedCase Case() => new(
        "P1",
        new Dictionary<string, float[]> { ["t1ce"] = [.. Enumerable.Range(0, Size.VoxelCount).Select(i => (float)i)] },
        null,
        new PreprocessingGeometry(new VolumeGrid(Size, Affine.Identity), (0, 0, 0), Size, 1),
        BraTSLabelConvention.BraTS2018.Map,
        null);
}
