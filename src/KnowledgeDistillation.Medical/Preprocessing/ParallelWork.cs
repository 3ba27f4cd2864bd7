using System.Runtime.ExceptionServices;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Works on independent items in parallel and throws the first failure itself, as a plain loop would.</summary>
internal static class ParallelWork
{
    public static void For(int count, int maximumParallelism, Action<int> body, CancellationToken cancellation = default)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = maximumParallelism, CancellationToken = cancellation }, body);
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }
}
