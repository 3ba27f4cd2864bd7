using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace KnowledgeDistillation.Samples.BraTS.Output;

/// <summary>Shows what a command does: with bars and colors on a terminal, in plain lines elsewhere.</summary>
internal sealed class Display : IExperimentDisplay
{
    private const int WidthOfPlainText = 140;

    private readonly IAnsiConsole _console;
    private readonly TextWriter _error;

    public Display(TextWriter output, TextWriter error)
    {
        _error = error;
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (!IsTerminal)
            _console.Profile.Width = WidthOfPlainText;
    }

    private bool IsTerminal => _console.Profile.Out.IsTerminal;

    /// <summary>Writes a line that is never wrapped, so that paths can be copied.</summary>
    public void Say(string text = "") => _console.Profile.Out.Writer.WriteLine(text);

    public void Heading(string text)
    {
        if (IsTerminal)
            _console.MarkupLine($"[bold]{Markup.Escape(text)}[/]");
        else
            Say(text);
    }

    public void Show(IRenderable renderable) => _console.Write(renderable);

    /// <summary>Reports something that went wrong without ending the command.</summary>
    public void Warn(string text) => _error.WriteLine(OptionNames.InText(text));

    /// <summary>Shows the progress of a fit.</summary>
    /// <param name="name">What is trained.</param>
    /// <param name="fit">Runs the fit with the callback that it is given.</param>
    public T ShowFit<T>(string name, Func<ITrainingCallback, T> fit) => IsTerminal
        ? StartProgress(context => fit(new TrainingBar(context.AddTask(Markup.Escape(name), maxValue: 1))))
        : fit(new TrainingLines(name, Say));

    /// <summary>Shows how many of a number of things are done; nothing where output is no terminal.</summary>
    public T ShowCount<T>(string what, int total, Func<IProgress<int>, T> work)
    {
        if (!IsTerminal)
            return work(new Counter(_ => { }));
        return StartProgress(context =>
        {
            ProgressTask task = context.AddTask(Markup.Escape(what), maxValue: Math.Max(1, total));
            return work(new Counter(done => task.Value = Math.Max(task.Value, done)));
        });
    }

    private T StartProgress<T>(Func<ProgressContext, T> work) => _console.Progress()
        .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(work);

    /// <summary>Reports at once and on the thread that reports, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Counter(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}
