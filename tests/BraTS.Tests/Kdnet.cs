namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>The result of a call of the command line: its exit code and its output.</summary>
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
