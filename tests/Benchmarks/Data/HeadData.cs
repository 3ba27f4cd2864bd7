using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Benchmarks.Data;

/// <summary>A case of BraTS's own size, 240×240×155, as files: a patient's where the reference data lie beside the checkout, else a phantom.</summary>
internal static class HeadData
{
    public static MedicalCase Find(Setting setting)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "KnowledgeDistillation.sln")))
            folder = folder.Parent;
        string real = Path.Combine(folder?.Parent?.FullName ?? "", "shared", "data", "BraTS2021_00006");
        return Directory.Exists(real) && !setting.Quick ? Patient(real) : Phantoms(setting, 1)[0];
    }

    /// <summary>Phantoms, written once and found again later.</summary>
    public static IReadOnlyList<MedicalCase> Phantoms(Setting setting, int count)
    {
        VolumeSize size = setting.Quick ? new VolumeSize(144, 144, 132) : new VolumeSize(240, 240, 155);
        string folder = Path.Combine(Path.GetTempPath(), $"kd-benchmarks-{size.X}-{count}");
        if (!Directory.Exists(folder))
        {
            string unfinished = $"{folder}-{Guid.NewGuid():N}";
            new BraTSPhantom(new BraTSPhantomOptions { Size = size }).WriteDataset(unfinished, count);
            Rename(unfinished, folder);
        }

        return MedicalDataset.Open(folder).Cases;
    }

    private static MedicalCase Patient(string folder) => new(
        "patient",
        BraTSModality.All.ToDictionary(name => name, name => new ImageFile(Path.Combine(folder, $"{name}.nii.gz"))),
        BraTSLabelConvention.BraTS2018,
        Path.Combine(folder, "seg.nii.gz"));

    // The other side may have written it meanwhile.
    private static void Rename(string from, string to)
    {
        try
        {
            Directory.Move(from, to);
        }
        catch (IOException) when (Directory.Exists(to))
        {
            Directory.Delete(from, recursive: true);
        }
    }
}
