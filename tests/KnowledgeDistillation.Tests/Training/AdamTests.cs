using FluentAssertions;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using OwnAdam = KnowledgeDistillation.Runtime.Adam;

namespace KnowledgeDistillation.Tests.Training;

public sealed class AdamTests
{
    [Theory]
    [InlineData(0, 0.9, 0.999)]
    [InlineData(0.01, 0.9, 0.999)]
    [InlineData(0, 0, 0.9)]
    [InlineData(0, 0.9, 0.99)]
    public void It_takes_the_steps_of_TorchSharps_bit_by_bit(double weightDecay, double beta1, double beta2)
    {
        using var scope = NewDisposeScope();
        Parameter[] ours = Parameters(), theirs = Parameters();
        using var own = new OwnAdam(ours, 1e-2, weightDecay, beta1, beta2);
        using var reference = optim.Adam(theirs, 1e-2, beta1, beta2, weight_decay: weightDecay);

        for (int step = 0; step < 30; step++)
        {
            // Another learning rate from time to time, and a parameter that has no gradient in the first steps.
            double learningRate = 1e-2 / (1 + (step / 10));
            foreach (OptimizerHelper optimizer in new OptimizerHelper[] { own, reference })
                optimizer.ParamGroups.Single().LearningRate = learningRate;
            for (int i = 0; i < ours.Length; i++)
            {
                if (i == 2 && step < 5)
                    continue;
                Tensor gradient = randn(ours[i].shape) * Math.Pow(10, step % 7 - 3);
                ours[i].grad = gradient.clone();
                theirs[i].grad = gradient.clone();
            }

            own.step();
            reference.step();
            for (int i = 0; i < ours.Length; i++)
                Bits(ours[i]).Should().Be(Bits(theirs[i]), $"this is parameter {i} after step {step}");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_goes_on_from_the_others_file(bool fromOwn)
    {
        using var scope = NewDisposeScope();
        Parameter[] first = Parameters(), second = Parameters();
        using OptimizerHelper before = fromOwn ? new OwnAdam(first, 1e-2, 0) : optim.Adam(first, 1e-2);
        using OptimizerHelper after = fromOwn ? optim.Adam(second, 1e-2) : new OwnAdam(second, 1e-2, 0);
        Step(before, first);
        using var file = new MemoryStream();
        using (var writer = new BinaryWriter(file, System.Text.Encoding.UTF8, leaveOpen: true))
            before.save_state_dict(writer);
        file.Position = 0;
        using (var reader = new BinaryReader(file, System.Text.Encoding.UTF8, leaveOpen: true))
            after.load_state_dict(reader);
        using (no_grad())
        {
            for (int i = 0; i < first.Length; i++)
                second[i].copy_(first[i]);
        }

        Step(before, first);
        Step(after, second);

        second.Select(Bits).Should().BeEquivalentTo(first.Select(Bits), options => options.WithStrictOrdering());
    }

    [Fact]
    public void It_leaves_next_to_nothing_to_the_finalizer()
    {
        using var scope = NewDisposeScope();
        const int Steps = 20, ParameterCount = 3;
        // What others in the process leave to the finalizer at the same time adds to the count; a collection of theirs after ours hides it.
        long own = Enumerable.Range(0, 3).Min(_ => PendingAfter(parameters => new OwnAdam(parameters, 1e-3, 0.01)));
        long reference = Enumerable.Range(0, 3).Max(_ => PendingAfter(parameters => optim.Adam(parameters, 1e-3, weight_decay: 0.01)));

        reference.Should().BeGreaterThan(Steps * ParameterCount * 4, "otherwise the count says nothing");
        own.Should().BeLessThan(Steps * ParameterCount, "not even one object for each parameter and step is left");

        static long PendingAfter(Func<Parameter[], OptimizerHelper> make)
        {
            Parameter[] parameters = Parameters();
            using OptimizerHelper optimizer = make(parameters);
            Step(optimizer, parameters);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            GC.TryStartNoGCRegion(64 << 20).Should().BeTrue("nothing must be collected while it is counted");
            try
            {
                for (int step = 0; step < Steps; step++)
                    optimizer.step();
            }
            finally
            {
                GC.EndNoGCRegion();
            }

            GC.Collect();
            return GC.GetGCMemoryInfo(GCKind.Any).FinalizationPendingCount;
        }
    }

    private static string Bits(Parameter parameter) => Convert.ToHexString(parameter.bytes);

    private static Parameter[] Parameters()
    {
        manual_seed(4);
        return [new Parameter(randn(3, 4)), new Parameter(randn(7)), new Parameter(randn([2, 3, 3, 3, 3]))];
    }

    private static void Step(OptimizerHelper optimizer, Parameter[] parameters)
    {
        manual_seed(9);
        foreach (Parameter parameter in parameters)
            parameter.grad = randn(parameter.shape);
        optimizer.step();
    }
}
