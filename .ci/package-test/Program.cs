using KnowledgeDistillation;
using KnowledgeDistillation.Medical.Volumes;
using static TorchSharp.torch;

TorchRuntime.EnsureAvailable();
var grid = new VolumeGrid(new(4, 3, 2), Affine.Scaling(1, 1, 2));
using Tensor volume = ones(grid.Size.Z, grid.Size.Y, grid.Size.X);
Console.WriteLine($"{volume.sum().item<float>()} voxels of {grid.Spacing.X} x {grid.Spacing.Y} x {grid.Spacing.Z} mm");
