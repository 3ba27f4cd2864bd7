using FluentAssertions;
using KnowledgeDistillation.Methods.Hemis;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Tests.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public class ModalitySubsetDivergenceLossTests
{
    [Theory]
    [InlineData(2, SubsetReference.AllModalities)]
    [InlineData(3, SubsetReference.AllModalities)]
    [InlineData(4, SubsetReference.AllModalities)]
    [InlineData(3, SubsetReference.FusedModalities)]
    [InlineData(4, SubsetReference.FusedModalities)]
    public void It_is_the_sum_over_all_subsets_computed_one_number_at_a_time(int modalities, SubsetReference reference)
    {
        using var scope = NewDisposeScope();
        string[] names = HeteroModal.Modalities[..modalities];
        string[] fused = [names[1], names[^1]];
        (double Mean, double LogVariance)[][][] values = Random(names.Length, levels: 2, elements: 6);
        double expected = Enumerable.Range(0, 2).Average(level => Enumerable.Range(0, 6).Average(element =>
        {
            (double Mean, double Variance) Product(IEnumerable<string> subset)
            {
                (double precision, double weighted) = (1.0, 0.0);
                foreach (string name in subset)
                {
                    (double mean, double logVariance) = values[Array.IndexOf(names, name)][level][element];
                    double t = 1 / (Math.Exp(logVariance) + 1e-7);
                    (precision, weighted) = (precision + t, weighted + (t * mean));
                }

                return (weighted / precision, 1 / precision);
            }

            (double Mean, double Variance) available = Product(reference == SubsetReference.AllModalities ? names : fused);
            int subsets = (1 << modalities) - 1;
            return HeteroModal.Subsets(names)
                .Sum(subset => (Divergence(available, Product(subset)) / (subsets - 1)) + (Divergence(Product(subset), (0, 1)) / subsets));
        }));

        Tensor loss = new ModalitySubsetDivergenceLoss(new() { Reference = reference }).Compute(Encoding(names, fused, values));
        loss.dim().Should().Be(0);
        loss.item<double>().Should().BeApproximately(expected, 1e-9 * expected);
        expected.Should().BeGreaterThan(0.1);
    }

    [Fact]
    public void One_modality_leaves_its_divergence_from_the_prior()
    {
        using var scope = NewDisposeScope();
        // Precision 1 + 3: mean 3·2/4 = 1.5, variance 1/4.
        double expected = Divergence((1.5, 0.25), (0, 1));
        (double, double)[][][] values = [[[(2, Math.Log(1.0 / 3))]]];
        new ModalitySubsetDivergenceLoss().Compute(Encoding(["t1ce"], ["t1ce"], values)).item<double>().Should().BeApproximately(expected, 1e-6);
    }

    [Fact]
    public void Modalities_that_know_nothing_cost_nothing()
    {
        using var scope = NewDisposeScope();
        (double, double)[][][] values = [.. Enumerable.Range(0, 4).Select(_ => new[] { new[] { (7.0, 50.0) } })];
        new ModalitySubsetDivergenceLoss().Compute(Encoding(HeteroModal.Modalities, ["t1"], values)).item<double>().Should().BeApproximately(0, 1e-12);
    }

    [Fact]
    public void It_grows_neither_with_the_volume_nor_with_the_batch()
    {
        using var scope = NewDisposeScope();
        (double, double)[][][] values = Random(modalities: 4, levels: 3, elements: 5);
        (double, double)[][][] twice = [.. values.Select(modality => modality.Select(level => level.Concat(level).ToArray()).ToArray())];
        var loss = new ModalitySubsetDivergenceLoss();
        double once = loss.Compute(Encoding(HeteroModal.Modalities, ["t1"], values)).item<double>();
        loss.Compute(Encoding(HeteroModal.Modalities, ["t1"], twice)).item<double>().Should().BeApproximately(once, 1e-12);
    }

    [Fact]
    public void The_gradient_is_that_of_central_differences()
    {
        using var scope = NewDisposeScope();
        (double Mean, double LogVariance)[][][] values = Random(modalities: 3, levels: 1, elements: 2);
        string[] names = HeteroModal.Modalities[..3];
        var loss = new ModalitySubsetDivergenceLoss();
        Tensor numbers = tensor(
            values.SelectMany(modality => modality[0]).SelectMany(element => new[] { element.Mean, element.LogVariance }).ToArray(), requires_grad: true);
        Of(numbers).backward();
        double[] gradient = numbers.grad!.data<double>().ToArray();
        for (int index = 0; index < gradient.Length; index++)
        {
            Tensor step = zeros_like(numbers);
            step[index] = 1e-5;
            ((Of(numbers.detach() + step) - Of(numbers.detach() - step)).item<double>() / 2e-5).Should().BeApproximately(gradient[index], 1e-7);
        }

        Tensor Of(Tensor all)
        {
            Tensor byModality = all.reshape(3, 1, 1, 2, 2);
            DiagonalGaussian[] gaussians =
                [.. Enumerable.Range(0, 3).Select(modality => new DiagonalGaussian(byModality[modality].select(-1, 0), byModality[modality].select(-1, 1)))];
            return loss.Compute(new HvedEncoderOutput(
                [gaussians[0].Mean],
                [gaussians[0]],
                names,
                names.Zip(gaussians).ToDictionary(pair => pair.First, pair => (IReadOnlyList<DiagonalGaussian>)[pair.Second])));
        }
    }

    [Fact]
    public void Another_network_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Contexts.Of(Contexts.BratsClasses, zeros([1, 2], ScalarType.Int64), zeros(1, 4, 2));
        Action compute = () => new ModalitySubsetDivergenceLoss().Compute(context);
        compute.Should().Throw<ArgumentException>().WithMessage("*HvedUNet3D*TensorNetwork gives none.*");
    }

    [Fact]
    public void The_objectives_are_those_of_the_publication()
    {
        HvedObjective.Create().Terms.Select(term => (term.Name, term.Weight))
            .Should().Equal(("cross-entropy", 1), ("Dice", 1), ("divergence", 0.1), ("reconstruction", 0.1));
        HemisObjective.Create().Terms.Select(term => (term.Name, term.Weight)).Should().Equal(("cross-entropy", 1), ("Dice", 1));
        HvedObjective.Create().ToString().Should().Contain("\"Reference\":0");
        HvedObjective.Create(new() { Divergence = new() { Reference = SubsetReference.FusedModalities } }).ToString().Should().Contain("\"Reference\":1");
        Action wrong = () => HvedObjective.Create(new() { DivergenceWeight = -1, ReconstructionWeight = double.NaN, Dice = new() { Smooth = 0 } });
        wrong.Should().Throw<ArgumentException>()
            .WithMessage("HvedObjectiveOptions: Dice.Smooth must be above 0*DivergenceWeight must be at least 0*ReconstructionWeight must be at least 0*");
    }

    private static double Divergence((double Mean, double Variance) p, (double Mean, double Variance) q) =>
        0.5 * (Math.Log(q.Variance / p.Variance) - 1 + (p.Variance / q.Variance) + ((p.Mean - q.Mean) * (p.Mean - q.Mean) / q.Variance));

    private static (double Mean, double LogVariance)[][][] Random(int modalities, int levels, int elements)
    {
        var random = new Random(modalities);
        return [.. Enumerable.Range(0, modalities).Select(_ => Enumerable.Range(0, levels).Select(_ => Enumerable.Range(0, elements)
            .Select(_ => ((4 * random.NextDouble()) - 2, (4 * random.NextDouble()) - 2)).ToArray()).ToArray())];
    }

    /// <summary>Values by modality, level and element.</summary>
    private static HvedEncoderOutput Encoding(string[] names, string[] fused, (double Mean, double LogVariance)[][][] values)
    {
        Dictionary<string, IReadOnlyList<DiagonalGaussian>> posteriors = names.Index().ToDictionary(
            name => name.Item,
            name => (IReadOnlyList<DiagonalGaussian>)[.. values[name.Index].Select(level => new DiagonalGaussian(
                tensor(level.Select(element => element.Mean).ToArray()).reshape(1, 1, -1),
                tensor(level.Select(element => element.LogVariance).ToArray()).reshape(1, 1, -1)))]);
        IReadOnlyList<DiagonalGaussian> any = posteriors[names[0]];
        return new HvedEncoderOutput([.. any.Select(gaussian => gaussian.Mean)], any, fused, posteriors);
    }
}
