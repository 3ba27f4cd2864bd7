using KnowledgeDistillation.Medical;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The three networks of an experiment.</summary>
internal enum NetworkRole
{
    /// <summary>Sees all modalities; trained on the reference.</summary>
    Teacher,

    /// <summary>Sees one modality; trained on the reference.</summary>
    Baseline,

    /// <summary>Sees one modality; trained on the reference and by the teacher.</summary>
    Student,
}

internal static class NetworkRoles
{
    /// <summary>The name of its folder.</summary>
    public static string FolderName(this NetworkRole role) => role.ToString().ToLowerInvariant();

    public static string Title(this NetworkRole role) => role == NetworkRole.Student ? "KD-Net student" : role.ToString();

    /// <summary>What it must see to be trained; the student's batches hold the teacher's modalities as well.</summary>
    public static IReadOnlyList<string> TrainingModalities(this NetworkRole role, string modality) => role == NetworkRole.Baseline ? [modality] : BraTSModality.All;

    /// <summary>What it sees.</summary>
    public static IReadOnlyList<string> Modalities(this NetworkRole role, string modality) => role == NetworkRole.Teacher ? BraTSModality.All : [modality];
}
