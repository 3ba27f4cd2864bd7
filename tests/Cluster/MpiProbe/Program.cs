using System.Diagnostics;
using System.Globalization;
using KnowledgeDistillation.Mpi;
using TorchSharp;
using static TorchSharp.torch;

// Run under mpirun by mpi.sh: "check" checks what a collective does, "time N" times the sum of N floats, "fail" lets the last process fail, "example FOLDER"
// is the program of the package's README.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args[0] == "example")
{
    Example.Run(args[1]);
    return 0;
}

MpiCollective processes = MpiCollective.Start();
try
{
    Run();
}
catch (Exception exception)
{
    Console.Error.WriteLine($"Process {processes.Rank + 1} of {processes.Size}: {exception.Message}");
    processes.Dispose();
    return 1;
}

processes.Dispose();
return 0;

void Run()
{
    bool isLast = processes.Rank == processes.Size - 1;
    switch (args[0])
    {
        case "check":
            Check();
            break;
        case "time":
            Time(long.Parse(args[1], CultureInfo.InvariantCulture));
            break;
        case "fail" when isLast:
            throw new InvalidOperationException("This process fails, as it should.");
        case "fail":
            // Waits for one that never comes.
            Check();
            break;
    }

    processes.Complete();
}

void Check()
{
    using DisposeScope scope = NewDisposeScope();
    long all = (long)processes.Size * (processes.Size + 1) / 2;
    foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.Int64 })
    {
        Tensor own = full([3, 5], processes.Rank + 1, type);
        processes.SumInPlace(own);
        Require(own.to(ScalarType.Int64).eq(tensor(all)).all().item<bool>(), $"the sum of {type}");
    }

    Tensor matrix = arange(12, ScalarType.Float32).reshape(3, 4);
    Tensor transposed = matrix.t();
    processes.SumInPlace(transposed);
    Require(matrix.equal(arange(12, ScalarType.Float32).reshape(3, 4).mul(processes.Size)).all().item<bool>(), "the sum of a tensor that is not contiguous");

    Tensor middle = zeros(10);
    processes.SumInPlace(middle.narrow(0, 4, 3).add_(1));
    Require(middle.data<float>().ToArray().SequenceEqual([0, 0, 0, 0, processes.Size, processes.Size, processes.Size, 0, 0, 0]), "the sum of a part");

    processes.SumInPlace(zeros(0));
    var learned = new TorchSharp.Modules.Parameter(ones(4));
    processes.SumInPlace(learned);
    Require(learned.detach().sum().item<float>() == 4 * processes.Size, "the sum of a parameter");

    // More than one call takes.
    Tensor large = ones((1L << 26) + 3);
    processes.SumInPlace(large);
    Require(large.min().item<float>() == processes.Size && large.max().item<float>() == processes.Size, "the sum of a tensor in parts");

    // What the sum of many numbers is depends on their order; all processes must have the same.
    manual_seed(processes.Rank);
    Tensor random = randn(1_000_003);
    processes.SumInPlace(random);
    Tensor first = random.clone();
    processes.Broadcast(first);
    Require(random.equal(first).all().item<bool>(), "the same bits in all processes");

    foreach (ScalarType type in new[] { ScalarType.Byte, ScalarType.Bool, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Int64 })
    {
        foreach (int root in new[] { 0, processes.Size - 1 })
        {
            Tensor own = full([2, 3], processes.Rank == root ? 1 : 0, type);
            processes.Broadcast(own.t(), root);
            Require(own.to(ScalarType.Int64).sum().item<long>() == 6, $"the broadcast of {type} from {root}");
        }
    }

    try
    {
        processes.SumInPlace(zeros(2, ScalarType.BFloat16));
        Require(false, "the refusal of a type");
    }
    catch (ArgumentException)
    {
        // As it should be.
    }

    Say($"{processes.Size} processes agree");
}

void Time(long count)
{
    using Tensor values = ones(count);
    double[] milliseconds = new double[21];
    for (int i = 0; i < milliseconds.Length; i++)
    {
        var watch = Stopwatch.StartNew();
        processes.SumInPlace(values);
        milliseconds[i] = watch.Elapsed.TotalMilliseconds;
    }

    // The first call makes connections.
    double[] sorted = [.. milliseconds.Skip(1).Order()];
    Say($"sum of {count} floats over {processes.Size} processes: median {sorted[10]:0.0} ms ({sorted[0]:0.0} to {sorted[^1]:0.0})");
}

void Say(string text)
{
    if (processes.Rank == 0)
        Console.WriteLine(text);
}

void Require(bool isTrue, string what)
{
    if (!isTrue)
        throw new InvalidOperationException($"{what} is wrong");
}
