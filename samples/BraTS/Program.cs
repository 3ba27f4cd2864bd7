using System.Runtime.InteropServices;
using KnowledgeDistillation.Samples.BraTS;
using KnowledgeDistillation.Samples.BraTS.CommandLine;

// Never disposed: a second Ctrl-C may come while the program ends.
var cancellation = new CancellationTokenSource();
// The first Ctrl-C lets the current step end and keeps its state; the second ends the process at once.
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
return KdnetApplication.Run(args, Console.Out, Console.Error, cancellation.Token, MachineLoad.OfLastMinute());
