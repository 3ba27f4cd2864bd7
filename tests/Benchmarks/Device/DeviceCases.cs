using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks.Device;

/// <summary>Random cases in the memory of the host, with identities as a source of prepared cases gives them.</summary>
internal sealed class DeviceCases(int count, int edge, int batchSize) : IBatchSource, IDisposable
{
    private readonly RandomCase _cases = new(new Setting(edge, 1, count, 1, Quick: false));

    public int BatchCount => count / batchSize;

    public IEnumerable<Batch> ReadEpoch(int epoch)
    {
        for (int first = 0; first + batchSize <= count; first += batchSize)
        {
            string[] names = [.. Enumerable.Range(first, batchSize).Select(number => $"case {number}")];
            yield return new Batch(
                new ModalityImages(_cases.Images.Select(image => KeyValuePair.Create(image.Key, image.Value.narrow(0, first, batchSize)))),
                _cases.Labels.narrow(0, first, batchSize),
                names,
                names);
        }
    }

    public void Dispose() => _cases.Dispose();
}
