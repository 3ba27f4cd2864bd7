using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Training;

public sealed class NonFiniteLossTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Batch _spheres = Toy.Spheres();

    public void Dispose()
    {
        _spheres.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    [InlineData(false, 10)]
    [InlineData(true, 10)]
    public void A_damaged_case_stops_the_fit_is_named_and_leaves_the_checkpoints_as_they_were(bool inValidation, int stepsPerReading)
    {
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        SortedDictionary<string, string> before = [];
        byte[] bits = [];
        var sound = Toy.Source(_spheres, batchSize: 1, shuffleSeed: null);
        // Validation reads epoch 0 each time, so the damage there is counted by calls.
        var damaged = new DamagedSource(sound, call: 1, step: 2);
        var options = new TrainingOptions
        {
            Epochs = 3,
            OutputFolder = _folder["run"],
            StepsPerReading = stepsPerReading,
            Callbacks = [new ActionCallback(step => bits = Toy.Bits(student), (_, _) => before = Toy.Files(_folder["run"]))],
        };
        NonFiniteLossException thrown = FluentActions
            .Invoking(() => new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options)
                .Fit(inValidation ? sound : damaged, inValidation ? damaged : sound))
            .Should().Throw<NonFiniteLossException>().Which;

        (thrown.Epoch, thrown.Step, thrown.InValidation).Should().Be((1, 2, inValidation));
        thrown.CaseIds.Should().Equal("case 2");
        thrown.Terms.Select(term => term.Name).Should().Equal("KD", "GT", "KL");
        thrown.Terms.Should().OnlyContain(term => double.IsNaN(term.Value));
        thrown.Message.Should().Contain("epoch 1").And.Contain("step 2").And.Contain("case 2").And.Contain("KD = NaN").And.Contain("KL = NaN");
        before.Should().ContainKeys("best/weights.safetensors", "last/weights.safetensors", "history.csv");
        Toy.Files(_folder["run"]).Should().Equal(before);
        if (stepsPerReading == 1)
            Toy.Bits(student).Should().Equal(bits, "the weights are those of the last sound step");
    }

    [Fact]
    public void A_gradient_that_is_not_finite_in_the_last_step_of_an_epoch_does_not_reach_a_checkpoint()
    {
        using UNet3D student = Toy.Student();
        SortedDictionary<string, string> before = [];
        var options = new TrainingOptions
        {
            Epochs = 3,
            OutputFolder = _folder["run"],
            Callbacks = [new ActionCallback(epoch: (_, _) => before = Toy.Files(_folder["run"]))],
        };
        var objective = new WeightedObjective("edge", new InfiniteGradientLoss(atCall: 4));
        NonFiniteLossException thrown = FluentActions.Invoking(() => new SupervisedTrainer(student, Toy.Labels, options, objective).Fit(Toy.Source(_spheres)))
            .Should().Throw<NonFiniteLossException>().WithMessage("*weights*epoch 1*step 1*").Which;
        thrown.Terms.Should().OnlyContain(term => double.IsFinite(term.Value));
        thrown.CaseIds.Should().HaveCount(2);
        before.Should().ContainKey("last/weights.safetensors");
        Toy.Files(_folder["run"]).Should().Equal(before);
    }

    [Fact]
    public void A_term_without_weight_may_be_not_finite()
    {
        using UNet3D student = Toy.Student();
        var objective = new WeightedObjective(new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("broken", 0, new NaNLoss()));
        TrainingResult result = new SupervisedTrainer(student, Toy.Labels, new TrainingOptions { Epochs = 1, OutputFolder = _folder["run"] }, objective)
            .Fit(Toy.Source(_spheres));
        double.IsFinite(result.History[0].Training.Total).Should().BeTrue();
        result.History[0].Training.Terms[1].Value.Should().Be(double.NaN);
        // The NaN survives the way to disk and back.
        new SupervisedTrainer(student, Toy.Labels, new TrainingOptions { Epochs = 1, OutputFolder = _folder["run"], Resume = true }, objective)
            .Fit(Toy.Source(_spheres))
            .Should().BeEquivalentTo(result with { ResumedEpochs = 1 });
    }

    private sealed class DamagedSource(IBatchSource source, int call, int step) : IBatchSource
    {
        private int _calls;

        public int BatchCount => source.BatchCount;

        public IEnumerable<Batch> ReadEpoch(int epoch)
        {
            int thisCall = _calls++;
            int thisStep = 0;
            foreach (Batch batch in source.ReadEpoch(epoch))
            {
                if (thisCall == call && thisStep == step)
                    batch.Images["faint"].fill_(float.NaN);
                thisStep++;
                yield return batch;
            }
        }
    }

    // The square root at 0 has the value 0 and an infinite slope.
    private sealed class InfiniteGradientLoss(int atCall) : IDistillationLoss
    {
        private readonly ReferenceLoss _reference = new();
        private int _calls;

        public Tensor Compute(DistillationContext context)
        {
            Tensor loss = _reference.Compute(context);
            return ++_calls == atCall ? loss + (context.Student.Logits - context.Student.Logits.detach()).abs().sum().sqrt() : loss;
        }
    }

    private sealed class NaNLoss : IDistillationLoss
    {
        public Tensor Compute(DistillationContext context) => tensor(float.NaN);
    }
}
