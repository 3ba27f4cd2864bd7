using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.SelfDistillation;
using KnowledgeDistillation.Tests.Networks;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

public sealed class SelfDistillationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_network_teaches_with_all_modalities_in_evaluation_mode_and_learns_with_each_alone(bool training)
    {
        using var scope = NewDisposeScope();
        using var network = new PointwiseNetwork();
        network.train(training);
        using var loss = new SelfDistillationLoss(network.Modalities);
        Batch batch = Batch("t1ce", "flair", "t2");
        DistillationContext context = Context(network, batch);
        network.Passes.Clear();

        loss.Compute(context).backward();

        network.Passes.Should().Equal(("t1ce flair", false), ("t1ce", training), ("flair", training));
        network.training.Should().Be(training);
        network.parameters().Should().OnlyContain(parameter => parameter.grad!.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void A_modality_that_the_batch_lacks_is_not_compared()
    {
        using var scope = NewDisposeScope();
        using var network = new PointwiseNetwork();
        using var loss = new SelfDistillationLoss(network.Modalities);
        loss.Module.train();
        loss.Compute(Context(network, Batch("flair"))).item<float>().Should().BeApproximately(0, 1e-6f, "alone it is all");
        loss.Module.get_buffer("weights")!.data<float>().ToArray().Should().OnlyContain(weight => Math.Abs(weight - 1) < 1e-4);
    }

    [Fact]
    public void Weights_move_in_a_fit_stay_within_bounds_and_are_resumed_with_it()
    {
        using var folder = new TemporaryFolder();
        using Batch batch = Batch(HeteroModal.Modalities);
        float[] Fit(string name, params int[] epochs)
        {
            float[] weights = [];
            foreach (int until in epochs)
            {
                using IEncoderDecoder network = HeteroModal.Network("U-HeMIS");
                var self = new SelfDistillationLoss(HeteroModal.Modalities, new() { PreferenceRate = 0.5 });
                using WeightedObjective objective = SelfDistillationObjective.Create(self);
                var options = new TrainingOptions { Epochs = until, OutputFolder = folder[name], Resume = true };
                var source = new InMemoryBatchSource(batch.Images, batch.Labels, batchSize: 1);
                TrainingResult result = new SupervisedTrainer(network, Contexts.BratsClasses, options, objective).Fit(source, source);
                result.History[0].Training.Terms.Select(term => term.Name).Should().Equal("cross-entropy", "Dice", "self");
                weights = self.Module.get_buffer("weights")!.data<float>().ToArray();
            }

            return weights;
        }

        float[] whole = Fit("whole", 4);
        whole.Sum(weight => weight * weight).Should().BeApproximately(4, 1e-4f);
        whole.Should().Contain(weight => Math.Abs(weight - 1) > 0.01f).And.OnlyContain(weight => weight > 0);
        Fit("stopped", 2, 4).Should().Equal(whole);
    }

    [Fact]
    public void It_works_with_each_network_of_any_modalities_and_its_own_objective()
    {
        using Batch batch = Batch(HeteroModal.Modalities);
        foreach (string system in HeteroModal.Systems)
        {
            using IEncoderDecoder network = HeteroModal.Network(system);
            using WeightedObjective objective = SelfDistillationObjective.Create(
                new SelfDistillationLoss(HeteroModal.Modalities), HeteroModal.Objective(system));
            TrainingResult result = new SupervisedTrainer(network, Contexts.BratsClasses, new TrainingOptions { Epochs = 1 }, objective)
                .Fit(new InMemoryBatchSource(batch.Images, batch.Labels, batchSize: 2));
            result.History[0].Training.Terms.Single(term => term.Name == "self").Value.Should().BePositive(system);
        }
    }

    [Fact]
    public void What_lies_at_ignored_voxels_teaches_nothing()
    {
        using var scope = NewDisposeScope();
        using var network = new PointwiseNetwork();
        using var loss = new SelfDistillationLoss(network.Modalities);
        Tensor labels = tensor(new byte[] { 0, 1, 2, 3, LabelScheme.Ignored, LabelScheme.Ignored }, [1, 1, 1, 6]), images = randn([1, 1, 1, 1, 6]);
        double Loss(Tensor t1ce) => loss.Compute(Context(network, new Batch(new ModalityImages(("t1ce", t1ce), ("flair", images)), labels, ["case"])))
            .item<float>();
        Tensor other = images.clone();
        other[.., .., .., .., 4..] += 30;
        Loss(2 * images).Should().BePositive();
        Tensor doubled = 2 * images, changed = doubled.clone();
        changed[.., .., .., .., 4..] += 30;
        Loss(changed).Should().BeApproximately(Loss(doubled), 1e-6);
    }

    [Fact]
    public void Other_networks_are_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new PointwiseNetwork();
        using var loss = new SelfDistillationLoss(["t1ce", "t2"]);
        loss.Invoking(it => it.Compute(Context(network, Batch("t1ce", "flair")))).Should().Throw<ArgumentException>()
            .WithMessage("*any subset of t1ce, t2, but PointwiseNetwork needs some of t1ce, flair*");
        using var ofToy = new SelfDistillationLoss(["faint"]);
        using var objective = SelfDistillationObjective.Create(ofToy);
        using Batch spheres = Toy.Spheres();
        using KnowledgeDistillation.Networks.UNet3D unet = Toy.Student();
        FluentActions.Invoking(() => new SupervisedTrainer(unet, Toy.Labels, new TrainingOptions { Epochs = 1 }, objective).Fit(Toy.Source(spheres)))
            .Should().Throw<ArgumentException>().WithMessage("*UNet3D needs all of faint*");
        Func<object> make = () => new SelfDistillationLoss([], new() { Temperature = 0, PreferenceRate = -1 });
        make.Should().Throw<ArgumentException>().WithMessage("SelfDistillationLoss: At least one modality is needed. "
            + "options.Temperature must be above 0, but is 0. options.PreferenceRate must be finite and at least 0, but is -1.");
    }

    private static Batch Batch(params string[] modalities)
    {
        manual_seed(11);
        Tensor labels = randint(0, 4, [2, 8, 8, 12], ScalarType.Int64);
        return new Batch(new ModalityImages(modalities.Select(name => KeyValuePair.Create(name, randn([2, 1, 8, 8, 12])))), labels, ["one", "other"]);
    }

    private static DistillationContext Context(IEncoderDecoder network, Batch batch) =>
        new(batch, Contexts.BratsClasses, NetworkOutput.Of(network, batch.Images, ["last"]));
}
