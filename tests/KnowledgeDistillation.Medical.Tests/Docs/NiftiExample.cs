using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests.Docs;

/// <summary>The example of docs/nifti.md.</summary>
public class NiftiExample
{
    [Fact]
    public void A_prediction_is_written_in_the_grid_of_its_input()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string t1cePath = Path.Combine(folder, "t1ce.nii.gz"),
                segmentationPath = Path.Combine(folder, "seg.nii.gz"),
                predictionPath = Path.Combine(folder, "prediction.nii.gz");
            var grid = new VolumeGrid(new(3, 4, 5), new Affine(-1, 0, 0, 0, 0, -1, 0, 3, 0, 0, 1, 0));
            NiftiImage.FromVolume(new Volume<float>(grid, new float[grid.VoxelCount])).Save(t1cePath);
            NiftiImage.FromLabels(new Volume<int>(grid, new int[grid.VoxelCount])).Save(segmentationPath);

            NiftiImage image = NiftiImage.Load(t1cePath);
            Volume<float> t1ce = image.ToVolume();                       // floats, slope and intercept applied
            Console.WriteLine(image.Grid);                               // 240×240×155 voxels, LPS, [-1 0 0 0; 0 -1 0 239; 0 0 1 0]

            Volume<int> tumor = NiftiImage.Load(segmentationPath).ToLabels(); // integers, or an error that names the first voxel that is none

            Volume<float> ras = t1ce.ReorientTo(Orientation.RAS);        // voxels permuted, never interpolated
            Volume<int> predicted = new(ras.Grid, new int[ras.Grid.VoxelCount]);

            // Back in the grid of the input, with its header kept.
            image.WithVoxels(predicted.ReorientTo(image.Grid.Orientation)).Save(predictionPath);

            NiftiHeader header = NiftiImage.LoadHeader(t1cePath);   // no voxel is read or uncompressed

            NiftiImage.Load(predictionPath).Grid.Should().Be(grid);
            tumor.Grid.Should().Be(grid);
            header.Grid.Should().Be(grid);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
