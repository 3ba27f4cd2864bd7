namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>The assemblies of the repository and, for the core, which folder may know which.</summary>
internal static class Layers
{
    public const string Root = "KnowledgeDistillation";

    public static readonly AssemblyUses Core = AssemblyUses.Read(Root, Root);
    public static readonly AssemblyUses Medical = AssemblyUses.Read("KnowledgeDistillation.Medical", "KnowledgeDistillation.Medical");
    public static readonly AssemblyUses Experiments = AssemblyUses.Read("KnowledgeDistillation.Experiments", "KnowledgeDistillation.Experiments");
    public static readonly AssemblyUses OnnxRuntime = AssemblyUses.Read("KnowledgeDistillation.OnnxRuntime", "KnowledgeDistillation.OnnxRuntime");
    public static readonly AssemblyUses Mpi = AssemblyUses.Read("KnowledgeDistillation.Mpi", "KnowledgeDistillation.Mpi");
    public static readonly AssemblyUses Console = AssemblyUses.Read("kdnet", "KnowledgeDistillation.Samples.BraTS");

    /// <summary>For each top folder of the core, those that it may know besides itself. The seams at the root stand under the name of the root.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Known = new Dictionary<string, string[]>
    {
        ["Runtime"] = [],
        [Root] = ["Runtime"],
        ["Storage"] = [Root, "Runtime"],
        ["Metrics"] = [Root, "Runtime"],
        ["Labels"] = [Root, "Runtime"],
        ["Onnx"] = [Root, "Runtime", "Storage", "Labels"],
        ["Teachers"] = [Root, "Runtime", "Storage"],
        ["Losses"] = [Root, "Runtime", "Storage", "Labels", "Teachers"],
        ["Networks"] = [Root, "Runtime", "Storage", "Onnx", "Teachers"],
        ["Methods"] = [Root, "Runtime", "Storage", "Labels", "Onnx", "Teachers", "Losses", "Networks"],
        ["Inference"] = [Root, "Runtime", "Storage", "Metrics", "Labels", "Onnx", "Teachers", "Losses", "Networks", "Methods"],
        ["Training"] = [Root, "Runtime", "Storage", "Metrics", "Labels", "Teachers", "Losses", "Networks", "Methods", "Inference"],
    };

    /// <summary>The folder of the core right below its root that a namespace belongs to.</summary>
    public static string TopFolder(string name) => TopFolder(name, Root);

    /// <summary>The folder right below a root that a namespace belongs to; the root itself, where it belongs to none.</summary>
    public static string TopFolder(string name, string root) =>
        name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..].Split('.')[0] : root;

    /// <summary>The uses that no list of known folders allows.</summary>
    public static IEnumerable<TypeUse> Breaches(AssemblyUses assembly) =>
        assembly.BetweenItsNamespaces.Where(use => TopFolder(use.From) != TopFolder(use.To)
            && !Known.GetValueOrDefault(TopFolder(use.From), []).Contains(TopFolder(use.To)));
}
