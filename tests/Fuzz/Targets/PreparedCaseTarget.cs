using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Fuzz.Targets;

/// <summary>An entry of the preprocessing cache: a damaged one is made again, so the case is always the same.</summary>
internal sealed class PreparedCaseTarget : FuzzTarget
{
    private readonly MedicalCase _case;
    private readonly PreprocessingCache _cache;
    private readonly string _file;
    private readonly float[] _expected;

    public PreparedCaseTarget(string work)
    {
        string image = Path.Combine(work, "t1ce.nii"), folder = Path.Combine(work, "prepared");
        var grid = new VolumeGrid(VolumeSize.Cube(8), Affine.Identity);
        NiftiImage.FromVolume(new Volume<float>(grid, [.. Enumerable.Range(0, grid.VoxelCount).Select(voxel => voxel % 7f)])).Save(image);
        _case = new MedicalCase("case", new Dictionary<string, ImageFile> { ["t1ce"] = new(image) }, BraTSLabelConvention.BraTS2018);
        _cache = new PreprocessingCache(folder, new PreprocessingOptions { Modalities = ["t1ce"], CropSize = null, SubsamplingFactor = 1 });
        _expected = Voxels();
        _file = Directory.GetFiles(folder, "*.prep", SearchOption.AllDirectories).Single();
        Sound = [File.ReadAllBytes(_file)];
    }

    public override IReadOnlyList<byte[]> Sound { get; }

    public override IReadOnlyList<string> Words { get; } = ["\"SourceKey\"", "\"Modalities\"", "\"NativeSize\"", "\"CropSize\"", "\"Labels\"", "[8,8,8]"];

    public override bool Accepts(byte[] input)
    {
        File.WriteAllBytes(_file, input);
        return Voxels().AsSpan().SequenceEqual(_expected) ? true : throw new FuzzException("The case was prepared in another way.");
    }

    private float[] Voxels() => _cache.Prepare(_case).Load().Images["t1ce"];
}
