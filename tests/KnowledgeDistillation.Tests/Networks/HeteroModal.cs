using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.DeMoSeg;
using KnowledgeDistillation.Methods.DisentangledFusion;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.MmFormer;
using KnowledgeDistillation.Methods.RFNet;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>The networks that take any subset of modalities, small, with what tests of all of them need.</summary>
internal static class HeteroModal
{
    public static readonly string[] Modalities = ["t1", "t1ce", "t2", "flair"];

    public static readonly string[] Systems = ["U-HeMIS", "U-HVED", "disentangled fusion", "RFNet", "mmFormer", "DeMoSeg"];

    /// <summary>All non-empty subsets, in the order of the names within each.</summary>
    public static IEnumerable<string[]> Subsets(IReadOnlyList<string> names) =>
        Enumerable.Range(1, (1 << names.Count) - 1).Select(subset => names.Where((_, index) => (subset >> index & 1) == 1).ToArray());

    public static NetworkRecipe Recipe(string system, int outputChannels, params string[] modalities) => system switch
    {
        "U-HeMIS" => new HemisUNet3DOptions { Modalities = modalities, OutputChannels = outputChannels, BaseWidth = 4, Levels = 2 },
        "U-HVED" => new HvedUNet3DOptions { Modalities = modalities, OutputChannels = outputChannels, BaseWidth = 4, Levels = 2 },
        "disentangled fusion" =>
            new DisentangledFusionNet3DOptions { Modalities = modalities, OutputChannels = outputChannels, BaseWidth = 4, Levels = 2, AppearanceDimension = 3 },
        "RFNet" => new RFNet3DOptions { Modalities = modalities, OutputChannels = outputChannels, BaseWidth = 4, Levels = 2 },
        "mmFormer" => new MmFormer3DOptions { Modalities = modalities, OutputChannels = outputChannels, BaseWidth = 4, Levels = 2 },
        "DeMoSeg" => new DeMoSeg3DOptions { Modalities = modalities, OutputChannels = outputChannels, BaseWidth = 4, Levels = 2 },
        _ => throw new ArgumentException(system),
    };

    public static WeightedObjective Objective(string system) => system switch
    {
        "U-HeMIS" => HemisObjective.Create(),
        "U-HVED" => HvedObjective.Create(),
        "disentangled fusion" => DisentangledFusionObjective.Create(),
        "RFNet" => RFNetObjective.Create(),
        "mmFormer" => MmFormerObjective.Create(),
        "DeMoSeg" => DeMoSegObjective.Create(),
        _ => throw new ArgumentException(system),
    };

    /// <summary>A network of four modalities and four classes whose weights follow from the seed.</summary>
    public static IEncoderDecoder Network(string system, long seed = 1)
    {
        manual_seed(seed);
        return Recipe(system, 4, Modalities).Build();
    }

    /// <summary>Random images [2, 1, 8, 8, 12] of the named modalities; each modality's is always the same, however many there are.</summary>
    public static ModalityImages Images(params IEnumerable<string> names) => new(names.Select(name =>
    {
        using var generator = new Generator((ulong)(1 + Array.IndexOf(Modalities, name)));
        return KeyValuePair.Create(name, randn([2, 1, 8, 8, 12], generator: generator));
    }));
}
