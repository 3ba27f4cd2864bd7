using KnowledgeDistillation;
using KnowledgeDistillation.Medical;
using static TorchSharp.torch;

TorchRuntime.EnsureAvailable();
var grid = new VolumeGrid(4, 3, 2, Affine.Scaling(1, 1, 2));
using Tensor volume = ones(grid.SizeZ, grid.SizeY, grid.SizeX);
Console.WriteLine($"{volume.sum().item<float>()} voxels of {grid.Spacing.X} x {grid.Spacing.Y} x {grid.Spacing.Z} mm");
