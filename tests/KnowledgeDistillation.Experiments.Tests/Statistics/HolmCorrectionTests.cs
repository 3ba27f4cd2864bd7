using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Statistics;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Statistics;

public class HolmCorrectionTests
{
    private static readonly Gen<double[]> PValues = Gen.OneOf(Gen.Double[0, 1], Gen.Double[0, 0.05], Gen.Const(0.02)).Array[0, 12];

    [Fact]
    public void Each_p_value_is_multiplied_by_the_number_of_hypotheses_that_are_left() =>
        Rounded(HolmCorrection.Adjust([0.01, 0.04, 0.03, 0.005])).Should().Equal(0.03, 0.06, 0.06, 0.02);

    [Fact]
    public void No_p_value_rises_above_1_or_falls_below_one_before_it() =>
        Rounded(HolmCorrection.Adjust([0.5, 0.02, 0.9, 0.021])).Should().Equal(1, 0.08, 1, 0.08);

    [Fact]
    public void One_test_needs_no_correction() => HolmCorrection.Adjust([0.03]).Should().Equal(0.03);

    [Fact]
    public void No_test_has_no_p_value() => HolmCorrection.Adjust([]).Should().BeEmpty();

    [Fact]
    public void Rejections_are_those_of_the_sequential_procedure() => Gen.Select(PValues, Gen.Double[0.001, 0.5]).Sample((pValues, level) =>
    {
        // Holm's section 3: from the smallest on, reject while p is at most level / (number of hypotheses that are left); stop at the first that is not.
        var rejected = new HashSet<int>();
        foreach (int i in Enumerable.Range(0, pValues.Length).OrderBy(i => pValues[i]))
        {
            if (pValues[i] * (pValues.Length - rejected.Count) > level)
                break;
            rejected.Add(i);
        }

        IReadOnlyList<double> adjusted = HolmCorrection.Adjust(pValues);
        Enumerable.Range(0, pValues.Length).Where(i => adjusted[i] <= level).Should().BeEquivalentTo(rejected);
    });

    [Fact]
    public void Adjusted_values_keep_the_order_and_lie_between_raw_and_Bonferroni() => PValues.Sample(pValues =>
    {
        IReadOnlyList<double> adjusted = HolmCorrection.Adjust(pValues);
        for (int i = 0; i < pValues.Length; i++)
        {
            adjusted[i].Should().BeInRange(pValues[i], Math.Min(1, pValues.Length * pValues[i]));
            for (int j = 0; j < pValues.Length; j++)
            {
                if (pValues[i] <= pValues[j])
                    adjusted[i].Should().BeLessThanOrEqualTo(adjusted[j]);
            }
        }
    });

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.01)]
    [InlineData(1.01)]
    public void What_is_no_p_value_is_refused(double value) =>
        FluentActions.Invoking(() => HolmCorrection.Adjust([0.5, value])).Should().Throw<ArgumentException>().WithMessage("*number 2 of 2 is*");

    private static IEnumerable<double> Rounded(IEnumerable<double> values) => values.Select(value => Math.Round(value, 12));
}
