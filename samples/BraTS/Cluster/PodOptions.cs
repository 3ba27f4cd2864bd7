namespace KnowledgeDistillation.Samples.BraTS.Cluster;

/// <summary>What the pods of a reproduction on Kubernetes are made of.</summary>
/// <param name="Image">The container image, in which kdnet is on the path.</param>
/// <param name="Claim">The persistent volume claim that all pods can write.</param>
/// <param name="MountPath">Where the pods see it.</param>
/// <param name="Resources">What each pod asks for, and may use at most.</param>
/// <param name="Queue">Kueue's queue; null for none.</param>
internal sealed record PodOptions(
    string Image, string Claim, string MountPath, IReadOnlyList<(string Name, string Amount)> Resources, string? Queue);
