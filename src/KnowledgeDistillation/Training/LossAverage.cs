using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Storage;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>Averages an objective over the cases of an epoch and stops at the first value that is not finite.</summary>
/// <param name="epoch">Number of the epoch, for messages.</param>
/// <param name="inValidation">Whether it is validation, for messages.</param>
/// <param name="stepsPerReading">After how many steps values are read back. Reading waits until the device has finished all work that was queued;
/// reading several steps at once lets it work on meanwhile.</param>
internal sealed class LossAverage(int epoch, bool inValidation, int stepsPerReading) : IDisposable
{
    private readonly List<(int Step, IReadOnlyList<string> CaseIds, IReadOnlyList<LossTerm> Terms, Tensor Values)> _unread = [];
    private readonly List<TermValue> _sums = [];
    private double _totalSum;
    private long _cases;

    /// <summary>The last step that was read.</summary>
    public LossReading? Last { get; private set; }

    /// <returns>The steps whose values were read now, none where it is not yet time.</returns>
    /// <exception cref="NonFiniteLossException">The value of one of these steps is not finite.</exception>
    public IReadOnlyList<LossReading> Add(ObjectiveValue value, Batch batch, int step)
    {
        _unread.Add((step, batch.CaseIds, [.. value.Terms.Select(term => term.Term)], value.Stack().DetachFromDisposeScope()));
        return _unread.Count < stepsPerReading ? [] : Read();
    }

    /// <summary>Reads all that is unread, in one copy.</summary>
    /// <exception cref="NonFiniteLossException">The value of one of these steps is not finite.</exception>
    public IReadOnlyList<LossReading> Read()
    {
        if (_unread.Count == 0)
            return [];
        using var scope = NewDisposeScope();
        double[] values = [.. cat([.. _unread.Select(step => step.Values)]).cpu().to(ScalarType.Float64).data<double>()];
        var readings = new List<LossReading>();
        int next = 0;
        foreach ((int step, IReadOnlyList<string> caseIds, IReadOnlyList<LossTerm> terms, _) in _unread)
        {
            TermValue[] read = [.. terms.Select(term => new TermValue(term.Name, term.Weight, values[next++]))];
            Last = new LossReading(step, caseIds, read.Sum(term => term.Weighted), read);
            if (!double.IsFinite(Last.Total))
                throw new NonFiniteLossException(epoch, step, inValidation, caseIds, read);
            Count(Last);
            readings.Add(Last);
        }

        DisposeUnread();
        return readings;
    }

    /// <summary>The average over all that was added, in all processes.</summary>
    public LossReport Report(FitProcesses processes)
    {
        Read();
        Share(processes);
        return new(_totalSum / _cases, [.. _sums.Select(sum => sum with { Value = sum.Value / _cases })]);
    }

    public void Dispose() => DisposeUnread();

    // A process without a batch, as in a validation of few cases, does not know the terms.
    private void Share(FitProcesses processes)
    {
        if (!processes.AreSeveral)
            return;
        string terms = processes.FromFirst(JsonSerializer.Serialize(_sums.Select(sum => sum with { Value = 0 }), ModelFiles.Json));
        if (_cases == 0)
            _sums.AddRange(JsonSerializer.Deserialize<TermValue[]>(terms, ModelFiles.Json)!);
        double[] sums = [_cases, _totalSum, .. _sums.Select(sum => sum.Value)];
        processes.Sum(sums);
        (_cases, _totalSum) = ((long)sums[0], sums[1]);
        for (int i = 0; i < _sums.Count; i++)
            _sums[i] = _sums[i] with { Value = sums[i + 2] };
    }

    private void Count(LossReading reading)
    {
        long cases = reading.CaseIds.Count;
        _cases += cases;
        _totalSum += reading.Total * cases;
        if (_sums.Count == 0)
            _sums.AddRange(reading.Terms.Select(term => term with { Value = 0 }));
        for (int i = 0; i < _sums.Count; i++)
            _sums[i] = _sums[i] with { Value = _sums[i].Value + (reading.Terms[i].Value * cases) };
    }

    private void DisposeUnread()
    {
        foreach ((_, _, _, Tensor values) in _unread)
            values.Dispose();
        _unread.Clear();
    }
}
