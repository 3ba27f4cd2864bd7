using System.Collections.Concurrent;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Volumes;
using TorchSharp;

namespace KnowledgeDistillation.Experiments.Tests.Docs;

/// <summary>The program of docs/memory-and-threads.md.</summary>
internal static class PoolExample
{
    public static IReadOnlyDictionary<string, Volume<int>> Segment(string run, IReadOnlyList<MedicalCase> patients)
    {
        using SegmentationModel model = SegmentationModel.Load(run);
        ConcurrentDictionary<string, Volume<int>> results = [];
        BlockingCollection<MedicalCase> waiting = new(boundedCapacity: 8);
        Thread[] pool = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            torch.set_num_threads(1);
            using SegmentationEnsemble network = new([(run, new CaseSegmenter(model))]);
            foreach (MedicalCase patient in waiting.GetConsumingEnumerable())
                results[patient.Id] = network.Segment(patient).ToLabels();
        }))];
        Array.ForEach(pool, thread => thread.Start());
        foreach (MedicalCase patient in patients)
            waiting.Add(patient);
        waiting.CompleteAdding();
        Array.ForEach(pool, thread => thread.Join());
        return results;
    }
}
