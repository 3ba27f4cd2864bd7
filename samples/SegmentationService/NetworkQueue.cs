using System.Collections.Concurrent;
using System.Diagnostics;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>
/// A network, the one thread that runs it, and the requests that wait for it. One thread, because a network is not to be used by two, and because torch keeps
/// threads and memory for each thread that ever computed.
/// </summary>
internal sealed class NetworkQueue : IDisposable
{
    private readonly BlockingCollection<Work> _works = [];
    private readonly SemaphoreSlim _places;
    private readonly Thread _thread;
    private readonly int _most;
    private double _lastSeconds = 1;

    /// <summary>Opens the network, on the thread that will run it.</summary>
    /// <param name="name">The name of the network.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="waiting">How many may wait besides the one that is computed.</param>
    public NetworkQueue(string name, Func<ISegmenter> open, int waiting)
    {
        (Name, _most) = (name, waiting + 1);
        _places = new SemaphoreSlim(_most, _most);
        var opened = new TaskCompletionSource<ISegmenter>();
        _thread = new Thread(() => Run(open, opened)) { IsBackground = true, Name = $"network {name}" };
        _thread.Start();
        Network = opened.Task.GetAwaiter().GetResult();
    }

    public string Name { get; }

    public ISegmenter Network { get; }

    /// <summary>Whether the thread runs.</summary>
    public bool IsAlive => _thread.IsAlive;

    /// <summary>How many requests have a place.</summary>
    public int Requests => _most - _places.CurrentCount;

    /// <summary>How many seconds it takes about until all that wait now are answered.</summary>
    public int SecondsUntilFree => Math.Max(1, (int)Math.Ceiling(Requests * Volatile.Read(ref _lastSeconds)));

    /// <summary>Takes a place, which a request keeps from before its body is read until it is answered, so that it bounds memory, too.</summary>
    /// <returns>Whether one was free.</returns>
    public bool TryEnter() => _places.Wait(0);

    /// <summary>Gives the place back.</summary>
    public void Leave() => _places.Release();

    /// <summary>Segments images when their turn comes.</summary>
    /// <param name="images">The images by modality.</param>
    /// <param name="cancellation">Stops the wait at once, and the computation between two passes of the network.</param>
    public async Task<CaseSegmentation> Segment(IReadOnlyDictionary<string, Volume<float>> images, CancellationToken cancellation)
    {
        Work work = new(images, cancellation);
        await using CancellationTokenRegistration registration = cancellation.Register(work.Abandon);
        _works.Add(work, cancellation);
        return await work.Result;
    }

    public void Dispose()
    {
        _works.CompleteAdding();
        _thread.Join();
        _works.Dispose();
        _places.Dispose();
    }

    private void Run(Func<ISegmenter> open, TaskCompletionSource<ISegmenter> opened)
    {
        ISegmenter network;
        try
        {
            network = open();
        }
        catch (Exception exception)
        {
            opened.SetException(exception);
            return;
        }

        using (network)
        {
            opened.SetResult(network);
            foreach (Work work in _works.GetConsumingEnumerable())
            {
                var clock = Stopwatch.StartNew();
                if (work.Run(network))
                    Volatile.Write(ref _lastSeconds, clock.Elapsed.TotalSeconds);
            }
        }
    }

    // Whoever takes the images ends the work: the network, or a client that goes away before.
    private sealed class Work(IReadOnlyDictionary<string, Volume<float>> images, CancellationToken cancellation)
    {
        private readonly TaskCompletionSource<CaseSegmentation> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private IReadOnlyDictionary<string, Volume<float>>? _images = images;

        public Task<CaseSegmentation> Result => _result.Task;

        public void Abandon()
        {
            if (Interlocked.Exchange(ref _images, null) is not null)
                _result.SetCanceled(cancellation);
        }

        public bool Run(ISegmenter network)
        {
            if (Interlocked.Exchange(ref _images, null) is not { } mine)
                return false;
            try
            {
                _result.SetResult(network.Segment(mine, cancellation));
                return true;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                _result.SetCanceled(cancellation);
            }
            catch (Exception exception)
            {
                _result.SetException(exception);
            }

            return false;
        }
    }
}
