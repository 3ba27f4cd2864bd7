using System.Text;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>The processes that work on one fit, as this one sees them. Where there is one only, nothing is exchanged.</summary>
/// <param name="collective">What connects them; null for one.</param>
internal sealed class FitProcesses(ICollective? collective)
{
    // Large enough that the time of a call does not count, small enough that the copy costs little memory beside the gradients.
    private const long BucketBytes = 16 << 20;

    /// <summary>The number of this process, from 0.</summary>
    public int Rank { get; } = collective?.Rank ?? 0;

    /// <summary>How many there are.</summary>
    public int Size { get; } = collective?.Size ?? 1;

    /// <summary>Whether this process speaks and writes for all.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Whether there are others.</summary>
    public bool AreSeveral => Size > 1;

    /// <summary>The seed of an epoch: another in each process, so that two cases do not get the same random numbers.</summary>
    public long SeedOf(long seed, int epoch) => AreSeveral ? SeedMixer.Mix(seed, epoch, Rank) : SeedMixer.Mix(seed, epoch);

    /// <summary>The batches of this process: of all those whose number leaves its rank as the remainder.</summary>
    /// <exception cref="InvalidOperationException">The source gives another number of batches than it says, or none at all.</exception>
    public IEnumerable<Batch> Deal(IBatchSource source, int epoch)
    {
        string name = source.GetType().Name;
        int expected = (source.BatchCount - Rank + Size - 1) / Size;
        int given = 0;
        foreach (Batch batch in BatchParts.Read(source, epoch, Rank, Size))
        {
            given++;
            // A batch too many would make this process wait for others that are done.
            if (AreSeveral && given > expected)
            {
                batch.Dispose();
                break;
            }

            yield return batch;
        }

        if (given != expected)
        {
            throw new InvalidOperationException(AreSeveral
                ? $"The batch source {name} says that an epoch has {source.BatchCount} batches, of which process {Rank + 1} of {Size} has {expected}, "
                    + $"but gave {given}{(given > expected ? " or more" : "")}."
                : $"The batch source {name} says that an epoch has {expected} batches, but gave {given}.");
        }

        if (source.BatchCount == 0)
            throw new InvalidOperationException($"The batch source {name} gives no batches: give it at least one case.");
    }

    /// <summary>Waits until all processes are here.</summary>
    public void Wait() => Sum(stackalloc double[1]);

    /// <summary>Lets the first process do something before the others do the same, so that these find what it made.</summary>
    public T FirstBeforeOthers<T>(Func<T> work)
    {
        if (!IsFirst)
            Wait();
        T result = work();
        if (IsFirst)
            Wait();
        return result;
    }

    /// <summary>Replaces numbers by the sum over all processes.</summary>
    public void Sum(Span<double> values)
    {
        if (!AreSeveral)
            return;
        using Tensor sum = tensor(values.ToArray(), ScalarType.Float64);
        collective!.SumInPlace(sum);
        sum.data<double>().ToArray().CopyTo(values);
    }

    /// <summary>The text of the first process.</summary>
    public string FromFirst(string text)
    {
        if (!AreSeveral)
            return text;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        using Tensor length = tensor([(long)bytes.Length], ScalarType.Int64);
        collective!.Broadcast(length);
        using Tensor content = IsFirst ? tensor(bytes, ScalarType.Byte) : zeros([length.data<long>()[0]], ScalarType.Byte);
        collective.Broadcast(content);
        return Encoding.UTF8.GetString([.. content.data<byte>()]);
    }

    /// <summary>Gives the parameters and buffers of modules those of the first process.</summary>
    public void CopyFirst(IEnumerable<nn.Module> modules) => CopyFirst(modules.SelectMany(module => module.parameters().Concat(module.buffers())));

    /// <summary>
    /// Replaces gradients by their sum over all processes. A parameter that no process has used keeps none; one that another has used counts as zero here.
    /// </summary>
    public void SumGradients(IReadOnlyList<Parameter> parameters)
    {
        if (!AreSeveral)
            return;
        int start = 0;
        while (start < parameters.Count)
        {
            int end = start + 1;
            long bytes = Bytes(parameters[start]);
            while (end < parameters.Count && parameters[end].dtype == parameters[start].dtype
                && (bytes += Bytes(parameters[end])) <= BucketBytes)
            {
                end++;
            }

            SumBucket([.. parameters.Skip(start).Take(end - start)]);
            start = end;
        }
    }

    /// <summary>Refuses processes that were started with different things to do, for they would part, or wait for one another for ever.</summary>
    /// <param name="lines">What must be the same in all.</param>
    /// <exception cref="InvalidOperationException">This process differs from the first.</exception>
    public void RequireSame(IEnumerable<string> lines)
    {
        string[] here = [.. lines.Select(line => line.ReplaceLineEndings(" "))];
        string[] first = FromFirst(string.Join('\n', here)).Split('\n');
        int different = Enumerable.Range(0, Math.Min(here.Length, first.Length)).FirstOrDefault(line => here[line] != first[line], -1);
        if (different >= 0 || here.Length != first.Length)
        {
            throw new InvalidOperationException($"Processes that train one network together must be given the same, but process {Rank + 1} of {Size} has "
                + (different >= 0 ? $"\"{here[different]}\" where process 1 has \"{first[different]}\"." : "other options than process 1."));
        }
    }

    private void CopyFirst(IEnumerable<Tensor> tensors)
    {
        if (!AreSeveral)
            return;
        using var scope = NewDisposeScope();
        foreach (Tensor tensor in tensors)
            collective!.Broadcast(tensor.detach());
    }

    private void SumBucket(Parameter[] parameters)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Device device = parameters[0].device;
        Tensor?[] gradients = [.. parameters.Select(parameter => parameter.grad)];
        Tensor used = tensor([.. gradients.Select(gradient => gradient is null ? 0f : 1f)], parameters[0].dtype, device);
        Tensor bucket = cat([used, .. parameters.Zip(gradients, (parameter, gradient) => (gradient ?? zeros_like(parameter)).flatten().to(device))]);
        collective!.SumInPlace(bucket);
        float[] users = [.. bucket.narrow(0, 0, parameters.Length).cpu().to(ScalarType.Float32).data<float>()];
        long next = parameters.Length;
        for (int i = 0; i < parameters.Length; i++)
        {
            long length = parameters[i].numel();
            if (users[i] > 0)
            {
                Tensor sum = bucket.narrow(0, next, length).view(parameters[i].shape);
                if (gradients[i] is Tensor gradient)
                    gradient.copy_(sum);
                else
                    parameters[i].grad = zeros_like(parameters[i]).copy_(sum);
            }

            next += length;
        }
    }

    private static long Bytes(Parameter parameter) => parameter.numel() * parameter.element_size();
}
