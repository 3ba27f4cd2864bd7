using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Volumes;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class BraTSLabelConventionTests
{
    public static TheoryData<LabelConvention> All =>
        [BraTSLabelConvention.BraTS2018, BraTSLabelConvention.BraTS2023, BraTSLabelConvention.MedicalSegmentationDecathlon];

    [Fact]
    public void Labels_on_disk_become_classes()
    {
        BraTSLabelConvention.BraTS2018.Map.ToClasses(TinyCases.Labels(0, 1, 2, 4))[..4].Should().Equal(0, 1, 2, 3);
        BraTSLabelConvention.BraTS2023.Map.ToClasses(TinyCases.Labels(0, 1, 2, 3))[..4].Should().Equal(0, 1, 2, 3);
        BraTSLabelConvention.MedicalSegmentationDecathlon.Map.ToClasses(TinyCases.Labels(0, 1, 2, 3))[..4].Should().Equal(0, 2, 1, 3);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Classes_are_written_back_as_they_came(LabelConvention convention)
    {
        Volume<int> labels = TinyCases.Labels(0, convention.Map.LabelOf(3), convention.Map.LabelOf(1), convention.Map.LabelOf(2));
        convention.Map.ToLabels(labels.Grid, convention.Map.ToClasses(labels)).Voxels.Should().Equal(labels.Voxels);
    }

    [Fact]
    public void Class_above_3_is_refused()
    {
        byte[] classes = new byte[TinyCases.Grid.VoxelCount];
        classes[5] = 4;
        Action write = () => BraTSLabelConvention.BraTS2018.Map.ToLabels(TinyCases.Grid, classes);
        write.Should().Throw<ArgumentException>().WithMessage("Class 4 at voxel 5*");
    }
}
