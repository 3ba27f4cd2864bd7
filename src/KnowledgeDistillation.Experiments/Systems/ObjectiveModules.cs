using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Frees what the losses of an objective own: adapters, critics and their optimizers.</summary>
internal static class ObjectiveModules
{
    public static void Dispose(IDistillationLoss loss)
    {
        if (loss is ICompositeLoss composite)
        {
            foreach (IDistillationLoss part in composite.Parts)
                Dispose(part);
        }

        (loss as IDisposable)?.Dispose();
    }
}
