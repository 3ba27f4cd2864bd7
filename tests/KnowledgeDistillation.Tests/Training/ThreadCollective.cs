using System.Runtime.ExceptionServices;
using FluentAssertions;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

/// <summary>
/// Several "processes" as threads of one process, of which one works at a time: torch's generator is one for all threads, and a garbage collection by one
/// thread must not meet native calls of another.
/// </summary>
internal sealed class ThreadCollective : ICollective
{
    private readonly Group _group;

    private ThreadCollective(Group group, int rank) => (_group, Rank) = (group, rank);

    public int Rank { get; }

    public int Size => _group.Slots.Length;

    /// <summary>Runs the same work in all, and gives back what each made of it. The first failure ends all, and is thrown.</summary>
    public static T[] Run<T>(int size, Func<ICollective, T> work)
    {
        using var group = new Group(size);
        var results = new T[size];
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            group.Turn.Wait();
            try
            {
                results[rank] = work(new ThreadCollective(group, rank));
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
                group.Failed.Cancel();
            }
            finally
            {
                group.Turn.Release();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join(TimeSpan.FromMinutes(2)).Should().BeTrue("all processes make the same calls");
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return results;
    }

    public void SumInPlace(Tensor tensor) => Exchange(tensor, tensors =>
    {
        Tensor sum = tensors[0].clone();
        foreach (Tensor other in tensors[1..])
            sum.add_(other);
        return sum;
    });

    public void Broadcast(Tensor tensor, int root = 0) => Exchange(tensor, tensors => tensors[root].clone());

    public void Complete() => Meet();

    public void Dispose()
    {
    }

    private void Exchange(Tensor tensor, Func<Tensor[], Tensor> combine)
    {
        using IDisposable noGradient = no_grad();
        _group.Slots[Rank] = tensor;
        Meet();
        if (Rank == 0)
        {
            _group.Slots.Should().OnlyContain(other => other.dtype == tensor.dtype && other.shape.SequenceEqual(tensor.shape));
            using var scope = NewDisposeScope();
            _group.Result = combine(_group.Slots).DetachFromDisposeScope();
        }

        Meet();
        tensor.copy_(_group.Result!);
        Meet();
        if (Rank == 0)
            _group.Result!.Dispose();
    }

    private void Meet()
    {
        _group.Turn.Release();
        try
        {
            _group.Barrier.SignalAndWait(_group.Failed.Token);
        }
        finally
        {
            _group.Turn.Wait();
        }
    }

    private sealed class Group(int size) : IDisposable
    {
        public Tensor[] Slots { get; } = new Tensor[size];

        public Tensor? Result { get; set; }

        public Barrier Barrier { get; } = new(size);

        public SemaphoreSlim Turn { get; } = new(1);

        public CancellationTokenSource Failed { get; } = new();

        public void Dispose()
        {
            Barrier.Dispose();
            Turn.Dispose();
            Failed.Dispose();
        }
    }
}
