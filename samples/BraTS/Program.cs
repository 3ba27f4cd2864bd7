using System.Runtime.InteropServices;
using KnowledgeDistillation.Samples.BraTS;

using var cancellation = new CancellationTokenSource();
// The first Ctrl-C lets the step in hand end and its state be kept; the second ends the process at once.
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = !cancellation.IsCancellationRequested;
    cancellation.Cancel();
};
using var termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    cancellation.Cancel();
});
return KdnetApplication.Run(args, Console.Out, Console.Error, cancellation.Token);
