using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Mpi.Tests;

/// <summary>What launchers say in environment variables.</summary>
public sealed class MpiLaunchTests : IDisposable
{
    private static readonly string[] Names =
    [
        "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", "MPI_LOCALRANKID", "PMIX_RANK",
        "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_LOCALID",
    ];

    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);

    public MpiLaunchTests() => Set(new Dictionary<string, string?>());

    public void Dispose() => Set(_before);

    [Theory]
    [InlineData("", false, 1, 0)]
    [InlineData("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1", true, 2, 1)]
    [InlineData("PMI_SIZE=4 MPI_LOCALNRANKS=2 MPI_LOCALRANKID=1", true, 2, 1)]
    [InlineData("PMI_SIZE=4 SLURM_NTASKS=4 SLURM_LOCALID=3", true, 1, 3)]
    [InlineData("PMIX_RANK=0 SLURM_STEP_NUM_TASKS=2 SLURM_NTASKS=8", true, 1, 0)]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_LOCAL_SIZE=1", false, 1, 0)]
    [InlineData("OMPI_COMM_WORLD_SIZE=two PMI_SIZE=", false, 1, 0)]
    // A task of an array has its own number among others, but trains alone.
    [InlineData("SLURM_NTASKS=8 SLURM_LOCALID=3", false, 1, 0)]
    public void A_launcher_says_how_many_processes_there_are(string variables, bool areSeveral, int here, int number)
    {
        Set(variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('='))
            .ToDictionary(pair => pair[0], pair => (string?)pair[1]));

        MpiLaunch.IsOneOfSeveral.Should().Be(areSeveral);
        MpiLaunch.ProcessesOnThisMachine.Should().Be(here);
        MpiLaunch.NumberOnThisMachine.Should().Be(number);
    }

    [Fact]
    public void A_missing_library_is_named() => FluentActions.Invoking(() => MpiCollective.Start("libmissing.so.1"))
        .Should().Throw<MpiException>().WithMessage("No MPI was found*looked for libmissing.so.1*install Open MPI*MPICH*");

    [Fact]
    public void A_library_that_is_not_of_MPI_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The library is that of Linux.");
        FluentActions.Invoking(() => MpiCollective.Start("libm.so.6")).Should().Throw<MpiException>().WithMessage("No MPI was found*libm.so.6*");
    }

    private static void Set(IReadOnlyDictionary<string, string?> values)
    {
        foreach (string name in Names)
            Environment.SetEnvironmentVariable(name, values.GetValueOrDefault(name));
    }
}
