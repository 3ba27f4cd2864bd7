using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Training;

/// <summary>Averages an objective over the cases of an epoch and stops at the first value that is not finite.</summary>
internal sealed class LossAverage
{
    private readonly List<TermValue> _sums = [];
    private double _totalSum;
    private long _cases;

    public IReadOnlyList<TermValue> LastTerms { get; private set; } = [];

    public IReadOnlyList<string> LastCaseIds { get; private set; } = [];

    /// <returns>The objective of this batch.</returns>
    public double Add(ObjectiveValue value, Batch batch, int epoch, int step, bool inValidation)
    {
        LastTerms = value.Read();
        LastCaseIds = batch.CaseIds;
        double total = LastTerms.Sum(term => term.Weighted);
        if (!double.IsFinite(total))
            throw new NonFiniteLossException(epoch, step, inValidation, batch.CaseIds, LastTerms);

        long cases = batch.CaseIds.Count;
        _cases += cases;
        _totalSum += total * cases;
        if (_sums.Count == 0)
            _sums.AddRange(LastTerms.Select(term => term with { Value = 0 }));
        for (int i = 0; i < _sums.Count; i++)
            _sums[i] = _sums[i] with { Value = _sums[i].Value + (LastTerms[i].Value * cases) };
        return total;
    }

    public LossReport Report() => new(_totalSum / _cases, [.. _sums.Select(sum => sum with { Value = sum.Value / _cases })]);
}
