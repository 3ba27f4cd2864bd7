namespace KnowledgeDistillation.Endurance;

/// <summary>Fits beside a thread whose allocations make the garbage collector run at any moment.</summary>
internal static class Collections
{
    public static int Run(int fits, int steps, bool own)
    {
        using var stop = new CancellationTokenSource();
        var allocating = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
                GC.KeepAlive(new byte[40_000]);
        })
        { IsBackground = true };
        allocating.Start();
        int failed = 0;
        for (int fit = 1; fit <= fits; fit++)
        {
            try
            {
                SmallFit.Run(steps, own);
            }
            catch (Exception exception)
            {
                failed++;
                Console.WriteLine($"fit {fit}: {exception.GetType().Name}: {exception.Message.Split('\n')[0]}");
            }

            if (fit % 10 == 0)
                Console.WriteLine($"{fit} fits done, {failed} failed");
        }

        stop.Cancel();
        Console.WriteLine($"{failed} of {fits} fits of {steps} steps failed");
        return failed == 0 ? 0 : 1;
    }
}
