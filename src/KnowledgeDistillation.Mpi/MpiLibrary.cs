using System.Runtime.InteropServices;
using System.Text;

namespace KnowledgeDistillation.Mpi;

/// <summary>
/// The functions and constants of the MPI that is installed. There is no common binary form: Open MPI's handles are addresses of variables that it exports,
/// those of MPICH and its kin (Intel MPI, MVAPICH, Cray) are numbers.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    private const int Success = 0;

    // The larger of the two implementations' MPI_MAX_ERROR_STRING.
    private const int LongestError = 512;

    private static readonly string[] OpenMpiNames = ["libmpi.so.40", "libmpi.so.80", "libmpi.40.dylib"];
    private static readonly string[] MpichNames = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];

    private readonly nint _library;
    private readonly bool _isOpenMpi;

    private MpiLibrary(nint library, string name)
    {
        _library = library;
        Name = name;
        _isOpenMpi = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _);
        World = Handle("ompi_mpi_comm_world", 0x44000000);
        Float32 = Handle("ompi_mpi_float", 0x4c00040a);
        Float64 = Handle("ompi_mpi_double", 0x4c00080b);
        Int64 = Handle("ompi_mpi_long_long_int", 0x4c000809);
        Bytes = Handle("ompi_mpi_byte", 0x4c00010d);
        Sum = Handle("ompi_mpi_op_sum", 0x58000003);
        ErrorsReturn = Handle("ompi_mpi_errors_return", 0x54000001);
        InPlace = _isOpenMpi ? 1 : -1;
    }

    /// <summary>The name or path under which it was found.</summary>
    public string Name { get; }

    public nint World { get; }

    public nint Float32 { get; }

    public nint Float64 { get; }

    public nint Int64 { get; }

    public nint Bytes { get; }

    public nint Sum { get; }

    private nint ErrorsReturn { get; }

    private nint InPlace { get; }

    /// <summary>Finds the library.</summary>
    /// <param name="path">Its path or name; null to look for the one that belongs to the program that started this process.</param>
    /// <exception cref="MpiException">There is none.</exception>
    public static MpiLibrary Load(string? path)
    {
        string[] names = path is not null ? [path] : MpiLaunch.IsOfMpich switch
        {
            false => OpenMpiNames,
            true => MpichNames,
            null => [.. OpenMpiNames, .. MpichNames],
        };
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "MPI_Allreduce", out _))
                return new MpiLibrary(library, name);
        }

        throw new MpiException($"No MPI was found that fits the program which started this process (looked for {string.Join(", ", names)}): "
            + "install Open MPI (Debian: openmpi-bin) or MPICH (Debian: mpich), or give the path of its library.");
    }

    /// <summary>Starts MPI, unless the application has done so already, and lets its calls return their faults.</summary>
    /// <returns>Whether it was started here.</returns>
    public bool Start()
    {
        int flag;
        Check("MPI_Finalized", ((delegate* unmanaged<int*, int>)Function("MPI_Finalized"))(&flag));
        if (flag != 0)
            throw new MpiException("MPI has already ended in this process and cannot be started again: keep one collective for all fits.");
        Check("MPI_Initialized", ((delegate* unmanaged<int*, int>)Function("MPI_Initialized"))(&flag));
        bool starts = flag == 0;
        const int serialized = 2;
        int provided = serialized;
        if (starts)
        {
            Check("MPI_Init_thread",
                ((delegate* unmanaged<int*, byte***, int, int*, int>)Function("MPI_Init_thread"))(null, null, serialized, &provided));
        }

        Check("MPI_Comm_set_errhandler", ((delegate* unmanaged<nint, nint, int>)Function("MPI_Comm_set_errhandler"))(World, ErrorsReturn));
        if (provided < serialized)
        {
            throw new MpiException(
                $"The MPI in {Name} must not be called from a thread other than the first: install one that was built with support of threads.");
        }

        return starts;
    }

    public int Rank() => Number("MPI_Comm_rank");

    public int Size() => Number("MPI_Comm_size");

    public void SumInPlace(void* values, int count, nint type) => Check("MPI_Allreduce",
        ((delegate* unmanaged<nint, void*, int, nint, nint, nint, int>)Function("MPI_Allreduce"))(InPlace, values, count, type, Sum, World));

    public void Broadcast(void* bytes, int count, int root) => Check("MPI_Bcast",
        ((delegate* unmanaged<void*, int, nint, int, nint, int>)Function("MPI_Bcast"))(bytes, count, Bytes, root, World));

    public void Wait() => Check("MPI_Barrier", ((delegate* unmanaged<nint, int>)Function("MPI_Barrier"))(World));

    public void End() => Check("MPI_Finalize", ((delegate* unmanaged<int>)Function("MPI_Finalize"))());

    /// <summary>Ends all processes, this one too.</summary>
    public void Abort() => ((delegate* unmanaged<nint, int, int>)Function("MPI_Abort"))(World, 1);

    private nint Handle(string exported, int number) => _isOpenMpi ? NativeLibrary.GetExport(_library, exported) : number;

    private nint Function(string name) => NativeLibrary.GetExport(_library, name);

    private int Number(string function)
    {
        int number;
        Check(function, ((delegate* unmanaged<nint, int*, int>)Function(function))(World, &number));
        return number;
    }

    private void Check(string function, int code)
    {
        if (code == Success)
            return;
        byte* text = stackalloc byte[LongestError];
        int length;
        bool isKnown = ((delegate* unmanaged<int, byte*, int*, int>)Function("MPI_Error_string"))(code, text, &length) == Success;
        throw new MpiException($"{function} of {Name} failed: {(isKnown ? Encoding.UTF8.GetString(text, length) : $"error {code}")}.");
    }
}
