using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Networks;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public class DiagonalGaussianTests
{
    private static readonly Gen<(double Mean, double LogVariance)> Gaussians = Gen.Select(Gen.Double[-2, 2], Gen.Double[-2, 2]);

    [Fact]
    public void The_divergence_is_that_of_numerical_integration() => Gen.Select(Gaussians, Gaussians).Sample(
        (first, second) =>
        {
            using var scope = NewDisposeScope();
            double expected = Integrate(first, second);
            Of(first).DivergenceFrom(Of(second)).item<double>().Should().BeApproximately(expected, 1e-6 * (1 + expected));
            Of(first).DivergenceFromStandardNormal().item<double>().Should().BeApproximately(Integrate(first, (0, 0)), 1e-6);
        },
        iter: 50,
        threads: 1);

    [Fact]
    public void A_distribution_does_not_diverge_from_itself_and_extremes_stay_finite()
    {
        using var scope = NewDisposeScope();
        var narrow = new DiagonalGaussian(tensor(new[] { 1e-3f, -4f }), tensor(new[] { -40f, -40f }));
        var wide = new DiagonalGaussian(tensor(new[] { 3f, 0f }), tensor(new[] { 40f, 40f }));
        narrow.DivergenceFrom(narrow).abs().max().item<float>().Should().Be(0);
        foreach (DiagonalGaussian gaussian in new[] { narrow, wide })
        {
            gaussian.DivergenceFromStandardNormal().isfinite().all().item<bool>().Should().BeTrue();
            gaussian.DivergenceFrom(narrow).isfinite().all().item<bool>().Should().BeTrue();
            gaussian.DivergenceFrom(wide).isfinite().all().item<bool>().Should().BeTrue();
        }

        // log σ₂²/σ₁² = 80, and the variance ratio and the distance vanish.
        narrow.DivergenceFrom(wide)[1].item<float>().Should().BeApproximately(39.5f, 1e-3f);
    }

    [Fact]
    public void Samples_have_the_mean_and_the_variance_and_pass_gradients_to_both()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor mean = full([40_000], 2f, requires_grad: true);
        Tensor logVariance = full([40_000], (float)Math.Log(9), requires_grad: true);
        Tensor sample = new DiagonalGaussian(mean, logVariance).Sample();
        sample.mean().item<float>().Should().BeApproximately(2, 0.1f);
        sample.var().item<float>().Should().BeApproximately(9, 0.3f);

        sample.sum().backward();
        mean.grad!.eq(1).all().item<bool>().Should().BeTrue();
        logVariance.grad!.allclose((sample - mean).detach() / 2, atol: 1e-5).Should().BeTrue("d/dv exp(v/2) z = exp(v/2) z / 2");
    }

    [Fact]
    public void Shapes_that_differ_are_refused()
    {
        using var scope = NewDisposeScope();
        Func<object> make = () => new DiagonalGaussian(zeros(2), zeros(3));
        make.Should().Throw<ArgumentException>().WithMessage("The mean [2] and the log-variance [3] must have the same shape.*");
        Action compare = () => new DiagonalGaussian(zeros(2), zeros(2)).DivergenceFrom(new DiagonalGaussian(zeros(1), zeros(1)));
        compare.Should().Throw<ArgumentException>().WithMessage("The distributions [2] and [1] must have the same shape.*");
    }

    private static DiagonalGaussian Of((double Mean, double LogVariance) gaussian) => new(tensor(gaussian.Mean), tensor(gaussian.LogVariance));

    /// <summary>∫ p log(p/q) by the trapezoidal rule over twelve standard deviations on either side.</summary>
    private static double Integrate((double Mean, double LogVariance) p, (double Mean, double LogVariance) q)
    {
        double width = 12 * Math.Exp(p.LogVariance / 2);
        const int steps = 20_000;
        double step = 2 * width / steps;
        return step * Enumerable.Range(0, steps + 1)
            .Select(index => p.Mean - width + (index * step))
            .Sum(x => Math.Exp(LogDensity(p, x)) * (LogDensity(p, x) - LogDensity(q, x)));
    }

    private static double LogDensity((double Mean, double LogVariance) gaussian, double x) =>
        -0.5 * (Math.Log(2 * Math.PI) + gaussian.LogVariance + ((x - gaussian.Mean) * (x - gaussian.Mean) * Math.Exp(-gaussian.LogVariance)));
}
