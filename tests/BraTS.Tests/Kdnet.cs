namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>What a call of the command line left: its exit code and what it wrote.</summary>
internal sealed record Kdnet(int ExitCode, string Output, string Error)
{
    public static Kdnet Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    public static Kdnet Run(CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = KdnetApplication.Run(arguments, output, error, cancellation);
        return new Kdnet(code, output.ToString(), error.ToString());
    }
}
