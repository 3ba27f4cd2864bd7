using KnowledgeDistillation.Tests.Training;
using Xunit.Runner.InProc.SystemConsole;

// The tests need a run in another process that they can kill; this executable is always there, with torch beside it.
return args is [TrainingProcess.Command, .. string[] arguments]
    ? TrainingProcess.Run(arguments)
    : await ConsoleRunner.Run(args);
