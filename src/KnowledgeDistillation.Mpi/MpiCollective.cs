using static TorchSharp.torch;

namespace KnowledgeDistillation.Mpi;

/// <summary>
/// The processes that an <c>mpirun</c> has started, over the MPI that is installed: Open MPI or MPICH. Tensors on a GPU go through the host's memory.
/// </summary>
/// <remarks>
/// One for the whole program: MPI cannot be started twice in a process. Call <see cref="Complete"/> after the last fit, then dispose. Disposing without it
/// means that this process failed, and ends all processes at once by <c>MPI_Abort</c>, this one too, so say what went wrong before.
/// A process that dies in another way is noticed by <c>mpirun</c>, which ends the others.
/// </remarks>
public sealed unsafe class MpiCollective : ICollective
{
    // MPI counts by int; below that limit a larger call is not faster.
    private const int ElementsAtOnce = 1 << 26;

    private readonly MpiLibrary _mpi;
    private readonly bool _endsMpi;
    private bool _isComplete;
    private bool _isDisposed;

    private MpiCollective(MpiLibrary mpi, bool endsMpi)
    {
        (_mpi, _endsMpi) = (mpi, endsMpi);
        (Rank, Size) = (mpi.Rank(), mpi.Size());
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Starts MPI. A program that was started without <c>mpirun</c> is one process.</summary>
    /// <param name="library">
    /// Path or name of MPI's library, for example "/opt/openmpi/lib/libmpi.so.40"; null for the one of the launcher's kind that the system finds. Default null.
    /// </param>
    /// <exception cref="MpiException">MPI is missing, cannot start, or has already ended in this process.</exception>
    public static MpiCollective Start(string? library = null)
    {
        var mpi = MpiLibrary.Load(library);
        return new MpiCollective(mpi, mpi.Start());
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The tensor is of another type.</exception>
    /// <exception cref="InvalidOperationException"><see cref="Complete"/> was called before.</exception>
    /// <exception cref="MpiException">The call failed.</exception>
    public void SumInPlace(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        nint type = tensor.dtype switch
        {
            ScalarType.Float32 => _mpi.Float32,
            ScalarType.Float64 => _mpi.Float64,
            ScalarType.Int64 => _mpi.Int64,
            _ => throw new ArgumentException($"Only float32, float64 and int64 can be summed, but the tensor is {tensor.dtype}.", nameof(tensor)),
        };
        InHostMemory(tensor, (values, bytes) => _mpi.SumInPlace((void*)values, (int)(bytes / tensor.element_size()), type));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such process.</exception>
    /// <exception cref="InvalidOperationException"><see cref="Complete"/> was called before.</exception>
    /// <exception cref="MpiException">The call failed.</exception>
    public void Broadcast(Tensor tensor, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, Size);
        InHostMemory(tensor, (values, bytes) => _mpi.Broadcast((void*)values, (int)bytes, root));
    }

    /// <inheritdoc/>
    /// <exception cref="MpiException">The call failed.</exception>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_isComplete)
            _mpi.Wait();
        _isComplete = true;
    }

    /// <summary>Ends MPI after <see cref="Complete"/>; without it ends all processes, where there are several.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_isComplete && Size > 1)
        {
            // MPICH's launcher drops what it has not read yet when a process aborts: it must have the time to pass on why.
            Thread.Sleep(TimeSpan.FromSeconds(1));
            _mpi.Abort();
        }

        if (_endsMpi)
            _mpi.End();
    }

    private void InHostMemory(Tensor tensor, Action<nint, long> exchange)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isComplete)
            throw new InvalidOperationException("The others have left: keep one collective for all fits, and complete it after the last.");
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor target = tensor.detach();
        bool isThere = target.device_type == TorchSharp.DeviceType.CPU && target.is_contiguous();
        Tensor host = isThere ? target : target.cpu().contiguous();
        Tensor flat = host.view(-1);
        for (long start = 0; start < flat.numel(); start += ElementsAtOnce)
        {
            Span<byte> bytes = flat.narrow(0, start, Math.Min(ElementsAtOnce, flat.numel() - start)).bytes;
            fixed (byte* values = bytes)
                exchange((nint)values, bytes.Length);
        }

        if (!isThere)
            target.copy_(host);
    }
}
