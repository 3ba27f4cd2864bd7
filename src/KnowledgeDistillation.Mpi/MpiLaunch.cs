using System.Globalization;

namespace KnowledgeDistillation.Mpi;

/// <summary>What the program that started this process, such as mpirun, says in environment variables.</summary>
public static class MpiLaunch
{
    // Of Open MPI's mpirun; of Hydra, which is the mpiexec of MPICH and of Intel MPI, and of Slurm's srun with PMI-2.
    private static readonly string[] SizeNames = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];
    private static readonly string[] LocalSizeNames = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"];
    private static readonly string[] LocalRankNames = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"];

    /// <summary>Whether this process was started as one of several. MPI itself is not asked, and need not be there.</summary>
    public static bool IsOneOfSeveral => Size > 1;

    /// <summary>How many of the processes are on this machine, at least 1; 1 where the launcher does not say.</summary>
    public static int ProcessesOnThisMachine => Math.Max(1, Number(LocalSizeNames) ?? 1);

    /// <summary>The number of this process among those on this machine, from 0: which GPU it may take. 0 where the launcher does not say.</summary>
    public static int NumberOnThisMachine => Math.Max(0, Size > 1 ? Number(LocalRankNames) ?? 0 : 0);

    /// <summary>Whether the launcher belongs to MPICH rather than to Open MPI; null where it does not say.</summary>
    internal static bool? IsOfMpich => Number(SizeNames[..1]) is not null ? false : Number(SizeNames[1..]) is not null ? true : null;

    // With PMIx, which only Open MPI speaks here, srun says nothing of its own kind but the number of tasks.
    private static int Size =>
        Number(SizeNames) ?? (Environment.GetEnvironmentVariable("PMIX_RANK") is null ? null : Number(["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"])) ?? 1;

    private static int? Number(string[] names)
    {
        foreach (string name in names)
        {
            if (int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                return number;
        }

        return null;
    }
}
