using KnowledgeDistillation.Experiments.Runs;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Work that one of several processes does under a <see cref="RunClaim"/>.</summary>
internal static class ClaimedWork
{
    /// <summary>Does the work, and gives the claim up for good when it is done.</summary>
    /// <param name="name">What the work is called, for messages.</param>
    /// <param name="claim">The right to do it.</param>
    /// <param name="work">Does it; its token stops it where the claim is lost.</param>
    /// <param name="fail">Told why it failed.</param>
    /// <param name="display">Where it is said that it failed, or that another process has taken over.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Whether it was done or has failed; false where another process has taken over.</returns>
    public static bool Do(
        string name, RunClaim claim, Action<CancellationToken> work, Action<string> fail, IExperimentDisplay display, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, claim.Lost);
        try
        {
            work(stop.Token);
            claim.Finish();
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            // What goes wrong after the loss of a claim goes wrong because of it.
            if (!claim.Renew())
            {
                display.Warn($"{name}: another process has taken over, because this one gave no sign of life for a while.");
                return false;
            }

            string reason = ExceptionText.OneMessage(exception);
            fail(reason);
            display.Warn($"{name} failed: {reason}");
            return true;
        }
    }
}
