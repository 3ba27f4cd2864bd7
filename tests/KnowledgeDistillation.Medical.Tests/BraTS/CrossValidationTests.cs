using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class CrossValidationTests
{
    [Fact]
    public void Every_case_is_scored_once_and_never_where_it_was_learned_from()
    {
        IReadOnlyList<MedicalCase> cases = Cases(28, 11);
        IReadOnlyList<CrossValidationFold> folds = CrossValidation.Split(cases);

        folds.Should().HaveCount(3);
        folds.SelectMany(fold => fold.Test).Should().BeEquivalentTo(cases).And.OnlyHaveUniqueItems();
        foreach (CrossValidationFold fold in folds)
        {
            MedicalCase[] all = [.. fold.Training, .. fold.Validation, .. fold.Test];
            all.Should().OnlyHaveUniqueItems().And.HaveCount(39);
            fold.Test.Should().HaveCount(13);
            fold.Validation.Should().HaveCount(3, "10 % of 26 are held out");
        }
    }

    [Fact]
    public void Grades_are_spread_evenly_over_folds_and_held_out_parts()
    {
        foreach (CrossValidationFold fold in CrossValidation.Split(Cases(210, 75), new() { Seed = 5 }))
        {
            fold.Test.Count(item => item.Group == "high").Should().Be(70);
            fold.Test.Count(item => item.Group == "low").Should().Be(25);
            fold.Validation.Should().HaveCount(19);
            fold.Validation.Count(item => item.Group == "low").Should().Be(5);
        }
    }

    [Fact]
    public void Split_follows_from_the_seed_and_not_from_the_order_of_the_cases()
    {
        IReadOnlyList<MedicalCase> cases = Cases(20, 10);
        string first = Describe(CrossValidation.Split(cases));
        Describe(CrossValidation.Split([.. cases.Reverse()])).Should().Be(first);
        Describe(CrossValidation.Split(cases, new() { Seed = 1 })).Should().NotBe(first);
    }

    [Fact]
    public void Split_stays_the_same_between_versions() =>
        Describe(CrossValidation.Split(Cases(4, 2))).Should().Be(GoldenSplit);

    [Theory]
    [InlineData(28, 11, 0.1, 8)]
    [InlineData(210, 75, 0.1, 10)]
    [InlineData(20, 10, 0.17, 5)]
    [InlineData(7, 8, 0.3, 3)]
    public void Parts_for_validation_are_disjoint_and_leave_the_same_cases_for_the_test(int high, int low, double share, int parts)
    {
        IReadOnlyList<MedicalCase> cases = Cases(high, low);
        for (int fold = 0; fold < 3; fold++)
        {
            CrossValidationFold[] members =
                [.. Enumerable.Range(0, parts).Select(part => CrossValidation.Split(cases, new() { ValidationShare = share, ValidationPart = part })[fold])];
            members.SelectMany(member => member.Validation).Should().OnlyHaveUniqueItems();
            foreach (CrossValidationFold member in members)
            {
                member.Test.Should().Equal(members[0].Test);
                member.Validation.Should().HaveSameCount(members[0].Validation);
                Learned(member).Should().Equal(Learned(members[0]));
            }
        }

        static IEnumerable<string> Learned(CrossValidationFold fold) => fold.Training.Concat(fold.Validation).Select(item => item.Id).Order();
    }

    [Fact]
    public void A_part_for_validation_that_is_not_there_is_refused()
    {
        FluentActions.Invoking(() => CrossValidation.Split(Cases(20, 10), new() { ValidationPart = 10 })).Should().Throw<ArgumentException>()
            .WithMessage("*ValidationPart must be from 0 to 9, but is 10.*");
        FluentActions.Invoking(() => CrossValidation.Split(Cases(3, 2), new() { ValidationPart = 5 })).Should().Throw<ArgumentException>()
            .WithMessage("*only 3*part 5*");
    }

    [Fact]
    public void Literal_protocol_validates_on_the_scored_fold()
    {
        foreach (CrossValidationFold fold in CrossValidation.Split(Cases(6, 3), new() { ValidateOnTest = true }))
        {
            fold.Validation.Should().Equal(fold.Test);
            fold.Training.Should().HaveCount(6);
        }
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(3, 3)]
    [InlineData(5, 5)]
    public void Smallest_data_set_fills_every_part_and_a_smaller_one_is_refused(int folds, int smallest)
    {
        CrossValidationOptions options = new() { Folds = folds };
        foreach (CrossValidationFold fold in CrossValidation.Split(Cases(smallest, 0), options))
            new[] { fold.Training.Count, fold.Validation.Count, fold.Test.Count }.Should().OnlyContain(count => count > 0);
        Action split = () => CrossValidation.Split(Cases(smallest - 1, 0), options);
        split.Should().Throw<ArgumentException>().WithMessage($"{folds} folds need at least {smallest} cases, but there are {smallest - 1}*");
    }

    [Fact]
    public void Name_that_occurs_twice_is_refused()
    {
        Action split = () => CrossValidation.Split([.. Cases(3, 0), .. Cases(1, 0)]);
        split.Should().Throw<ArgumentException>().WithMessage("*H000 occurs twice*");
    }

    [Fact]
    public void All_wrong_options_are_named_at_once()
    {
        Action split = () => CrossValidation.Split(Cases(6, 0), new() { Folds = 1, ValidationShare = 1 });
        split.Should().Throw<ArgumentException>().WithMessage("*Folds must be at least 2, but is 1.*ValidationShare*but is 1.*");
    }

    [Fact]
    public void Defaults_are_those_of_the_protocol() => new CrossValidationOptions()
        .Should().Be(new CrossValidationOptions { Folds = 3, Seed = 0, ValidationShare = 0.1, ValidationPart = 0, ValidateOnTest = false });

    private const string GoldenSplit = "H001 H003 L001 / L000 / H000 H002 | H000 H003 L001 / H002 / H001 L000 | H001 H002 L000 / H000 / H003 L001";

    private static string Describe(IReadOnlyList<CrossValidationFold> folds) =>
        string.Join(
            " | ", folds.Select(fold =>
                string.Join(" / ", new[] { fold.Training, fold.Validation, fold.Test }.Select(part => string.Join(' ', part.Select(item => item.Id))))));

    private static MedicalCase[] Cases(int high, int low) =>
        [
            .. Enumerable.Range(0, high).Select(i => Case($"H{i:000}", "high")),
            .. Enumerable.Range(0, low).Select(i => Case($"L{i:000}", "low")),
        ];

    private static MedicalCase Case(string id, string grade) =>
        new(id, new Dictionary<string, ImageFile> { ["t1ce"] = new("t1ce.nii") }, BraTSLabelConvention.BraTS2018, group: grade);
}
