using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

/// <summary>What every network that takes any subset of modalities must do.</summary>
public class HeteroModalNetworkTests
{
    public static TheoryData<string> Systems => [.. HeteroModal.Systems];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Any_subset_of_modalities_is_segmented_in_both_modes(string system)
    {
        using IEncoderDecoder network = HeteroModal.Network(system);
        using IDisposable noGradient = no_grad();
        network.NeedsAllModalities.Should().BeFalse();
        network.SizeMultiple.Should().Be(2);
        foreach (string[] subset in HeteroModal.Subsets(HeteroModal.Modalities))
        {
            foreach (bool training in new[] { false, true })
            {
                using var scope = NewDisposeScope();
                network.Module.train(training);
                NetworkOutput output = NetworkOutput.Of(network, HeteroModal.Images(subset));
                output.Logits.shape.Should().Equal([2, 4, 8, 8, 12], string.Join('+', subset));
                output.Logits.isfinite().all().item<bool>().Should().BeTrue(string.Join('+', subset));
                output.Encoding.Levels.Should().HaveCount(2);
                output.Encoding.Levels.Select(level => level.shape[2..])
                    .Should().BeEquivalentTo([new long[] { 8, 8, 12 }, new long[] { 4, 4, 6 }], options => options.WithStrictOrdering());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Fifteen_subsets_give_fifteen_segmentations(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Evaluated(system);
        Tensor[] logits = [.. HeteroModal.Subsets(HeteroModal.Modalities).Select(subset => NetworkOutput.Of(network, HeteroModal.Images(subset)).Logits)];
        for (int first = 0; first < logits.Length; first++)
        {
            for (int second = 0; second < first; second++)
                logits[first].allclose(logits[second], rtol: 0, atol: 1e-6).Should().BeFalse($"the subsets {first + 1} and {second + 1} differ");
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void The_order_of_the_images_and_images_of_other_modalities_make_no_difference(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = HeteroModal.Network(system);
        foreach (bool training in new[] { false, true })
        {
            network.Module.train(training);
            Tensor expected = Logits("t1", "t2", "flair");
            Logits("flair", "t1", "t2").bytes.ToArray().Should().Equal(expected.bytes.ToArray());
            Logits("flair", "pet", "t2", "t1").bytes.ToArray().Should().Equal(expected.bytes.ToArray());
        }

        Tensor Logits(params string[] names)
        {
            manual_seed(5);
            return NetworkOutput.Of(network, HeteroModal.Images(names)).Logits;
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_modality_that_is_missing_has_no_part_in_the_result(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Evaluated(system);
        using IDisposable noGradient = no_grad();
        Tensor expected = NetworkOutput.Of(network, HeteroModal.Images("t1ce", "flair")).Logits;
        // Whatever belongs to the second and the last modality stays; the parts of the others become something else.
        foreach ((string name, Parameter parameter) in network.Module.named_parameters())
        {
            if (name.Contains("ncoders.0.", StringComparison.Ordinal) || name.Contains("ncoders.2.", StringComparison.Ordinal))
                parameter.normal_();
        }

        NetworkOutput.Of(network, HeteroModal.Images("t1ce", "flair")).Logits.equal(expected).all().item<bool>().Should().BeTrue();
        NetworkOutput.Of(network, HeteroModal.Images("t1ce", "t2", "flair")).Logits.allclose(expected).Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Training_mode_draws_a_subset_that_follows_from_the_seed_and_evaluation_mode_draws_nothing(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = HeteroModal.Network(system);
        ModalityImages images = HeteroModal.Images(HeteroModal.Modalities);
        byte[][] trained = [.. Enumerable.Range(0, 8).Select(seed => Logits(seed))];
        trained.Select(Convert.ToHexString).Distinct().Should().HaveCountGreaterThan(2);
        Enumerable.Range(0, 8).Select(seed => Convert.ToHexString(Logits(seed))).Should().Equal(trained.Select(Convert.ToHexString));

        network.Module.eval();
        Enumerable.Range(0, 4).Select(seed => Convert.ToHexString(Logits(seed))).Distinct().Should().ContainSingle();
        byte[] state = Generator.Default.get_state().bytes.ToArray();
        NetworkOutput.Of(network, images);
        Generator.Default.get_state().bytes.ToArray().Should().Equal(state, "no random number was drawn");

        byte[] Logits(int seed)
        {
            manual_seed(seed);
            return NetworkOutput.Of(network, images).Logits.bytes.ToArray();
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void The_image_of_a_modality_that_was_not_drawn_makes_no_difference(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = HeteroModal.Network(system);
        network.Module.train();
        using IDisposable noGradient = no_grad();
        ModalityImages images = HeteroModal.Images(HeteroModal.Modalities);
        for (int seed = 0; seed < 6; seed++)
        {
            manual_seed(seed);
            IReadOnlyList<string> drawn = ModalitySubset.Draw(HeteroModal.Modalities);
            Tensor expected = Logits(seed, images);
            foreach (string changed in HeteroModal.Modalities)
            {
                var others = new ModalityImages(HeteroModal.Modalities.Select(name =>
                    KeyValuePair.Create(name, name == changed ? (3 * images[name]) + images["t1"].flip(2) : images[name])));
                Logits(seed, others).equal(expected).all().item<bool>().Should().Be(!drawn.Contains(changed), $"{changed} of {string.Join(", ", drawn)}");
            }
        }

        Tensor Logits(int seed, ModalityImages given)
        {
            manual_seed(seed);
            return NetworkOutput.Of(network, given).Logits;
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Decoders_give_what_the_last_convolution_reads(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = Evaluated(system);
        network.DecoderFeatures.Should().Equal("last", "level 0");
        NetworkOutput output = NetworkOutput.Of(network, HeteroModal.Images("t1", "t2"), network.DecoderFeatures);
        output.DecoderFeature("last").shape[2..].Should().Equal(8, 8, 12);
        output.DecoderFeature("last").equal(output.DecoderFeature("level 0")).all().item<bool>().Should().BeTrue();
        output.Logits.equal(NetworkOutput.Of(network, HeteroModal.Images("t1", "t2")).Logits).all().item<bool>().Should().BeTrue();
        output.DecoderFeature("last").requires_grad.Should().BeTrue("a loss on them teaches the network");
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Images_that_do_not_fit_are_refused_with_what_would(string system)
    {
        using var scope = NewDisposeScope();
        using IEncoderDecoder network = HeteroModal.Network(system);
        network.Invoking(it => it.Encode(HeteroModal.Images("pet"))).Should().Throw<ArgumentException>()
            .WithMessage("At least one of the modalities t1, t1ce, t2, flair is needed, but there are only: pet.*");
        network.Invoking(it => it.Encode(new ModalityImages(("t2", zeros([1, 1, 9, 8, 8]))))).Should().Throw<ArgumentException>()
            .WithMessage("The spatial size 9×8×8 of 't2' does not fit a network of 2 levels: each length must be a multiple of 2, and one at least 4. "
                + "The next size that fits is 10×8×8: pad or crop the images, or use fewer levels.");
        network.Invoking(it => it.Encode(new ModalityImages(("t2", zeros([1, 1, 2, 2, 2]))))).Should().Throw<ArgumentException>()
            .WithMessage("*The next size that fits is 4×4×4:*");
        network.Invoking(it => it.Encode(new ModalityImages(("t2", zeros([1, 2, 8, 8, 8]))))).Should().Throw<ArgumentException>()
            .WithMessage("*needs images [N, 1, D, H, W], but that of 't2' has the shape [1, 2, 8, 8, 8].");
        network.Invoking(it => it.Encode(new ModalityImages(("t2", zeros([1, 1, 8, 8]))))).Should().Throw<ArgumentException>().WithMessage("*[1, 1, 8, 8]*");
        network.Encode(new ModalityImages(("t2", randn([1, 1, 2, 2, 4])))).Bottleneck.isfinite().all().item<bool>()
            .Should().BeTrue("the smallest size that is allowed runs");

        network.Invoking(it => it.Decode(new EncoderOutput(zeros([1, 4, 8, 8, 8])))).Should().Throw<ArgumentException>()
            .WithMessage("*2 levels*has 1*another network*");
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void The_gradient_reaches_every_parameter_within_a_few_steps(string system)
    {
        using IEncoderDecoder network = HeteroModal.Network(system);
        network.Module.train();
        WeightedObjective objective = HeteroModal.Objective(system);
        HashSet<string> reached = [];
        manual_seed(2);
        for (int step = 0; step < 8; step++)
        {
            using var scope = NewDisposeScope();
            ModalityImages images = HeteroModal.Images(HeteroModal.Modalities);
            var batch = new Batch(images, randint(0, 4, [2, 8, 8, 12]), ["one", "two"]);
            foreach (Parameter parameter in network.Module.parameters())
                parameter.grad = null;
            objective.Compute(new DistillationContext(batch, Contexts.BratsClasses, NetworkOutput.Of(network, images))).backward();
            foreach ((string name, Parameter parameter) in network.Module.named_parameters())
            {
                if (parameter.grad is not Tensor gradient)
                    continue;
                gradient.isfinite().all().item<bool>().Should().BeTrue(name);
                if (gradient.abs().max().item<float>() > 0)
                    reached.Add(name);
            }
        }

        network.Module.named_parameters().Select(parameter => parameter.name).Should().BeSubsetOf(reached);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_saved_model_predicts_the_same_from_any_subset(string system)
    {
        using var folder = new TemporaryFolder();
        using var model = new SegmentationModel(HeteroModal.Network(system), Contexts.BratsClasses);
        model.Save(folder["model"]);
        using SegmentationModel loaded = SegmentationModel.Load(folder["model"]);
        loaded.Network.Should().BeOfType(model.Network.GetType());
        loaded.Network.Recipe.Should().BeEquivalentTo(model.Network.Recipe, comparison => comparison.RespectingRuntimeTypes());
        loaded.Network.Module.training.Should().BeFalse();
        foreach (string[] subset in HeteroModal.Subsets(HeteroModal.Modalities))
        {
            using var scope = NewDisposeScope();
            ModalityImages images = HeteroModal.Images(subset);
            loaded.PredictProbabilities(images).bytes.ToArray().Should().Equal(model.PredictProbabilities(images).bytes.ToArray(), string.Join('+', subset));
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_short_fit_lowers_the_loss_and_the_network_segments_from_one_modality(string system)
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(1);
        using IEncoderDecoder network = HeteroModal.Recipe(system, 2, Toy.Modalities).Build();
        var trainer = new SupervisedTrainer(
            network, Toy.Labels, new TrainingOptions { Epochs = 15, LearningRate = 1e-2, WeightDecay = 1e-5 }, HeteroModal.Objective(system));
        TrainingResult result = trainer.Fit(Toy.Source(spheres), Toy.Source(spheres, shuffleSeed: null));

        result.History[^1].Training.Total.Should().BeLessThan(0.8 * result.History[0].Training.Total);
        var model = new SegmentationModel(network, Toy.Labels);
        using Tensor bright = model.Predict(spheres.Images.Only("bright"));
        (bright == spheres.Labels).to(ScalarType.Float32).mean().item<float>().Should().BeGreaterThan(0.8f);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void It_teaches_and_is_taught_by_KD_Net_and_stays_as_it_was_when_it_teaches(string system)
    {
        using Batch spheres = Toy.Spheres();
        manual_seed(1);
        using IEncoderDecoder teacher = HeteroModal.Recipe(system, 2, Toy.Modalities).Build();
        using IEncoderDecoder student = HeteroModal.Recipe(system, 2, "faint").Build();
        byte[] before = Toy.Bits(teacher);
        var trainer = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, new TrainingOptions { Epochs = 8, LearningRate = 1e-2 });
        TrainingResult result = trainer.Fit(Toy.Source(spheres));

        result.History[^1].Training.Terms.Select(term => term.Name).Should().Equal("KD", "GT", "KL");
        result.History[^1].Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        Toy.Bits(teacher).Should().Equal(before);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_fit_is_the_same_bit_by_bit_under_the_same_seed(string system)
    {
        using Batch spheres = Toy.Spheres();
        Fit().Should().Equal(Fit());

        byte[] Fit()
        {
            manual_seed(1);
            using IEncoderDecoder network = HeteroModal.Recipe(system, 2, Toy.Modalities).Build();
            new SupervisedTrainer(network, Toy.Labels, new TrainingOptions { Epochs = 2, LearningRate = 1e-2 }, HeteroModal.Objective(system))
                .Fit(Toy.Source(spheres));
            return Toy.Bits(network);
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_resumed_fit_goes_on_bit_by_bit_though_some_encoders_were_not_drawn(string system)
    {
        using var folder = new TemporaryFolder();
        using Batch spheres = Toy.Spheres();
        byte[] whole = Fit("whole", 3);
        Fit("parts", 1);
        Fit("parts", 3).Should().Equal(whole);

        byte[] Fit(string run, int epochs)
        {
            manual_seed(1);
            using IEncoderDecoder network = HeteroModal.Recipe(system, 2, Toy.Modalities).Build();
            var options = new TrainingOptions { Epochs = epochs, LearningRate = 1e-2, OutputFolder = folder[run], Resume = true, RestoreBestWeights = false };
            new SupervisedTrainer(network, Toy.Labels, options, HeteroModal.Objective(system)).Fit(Toy.Source(spheres, batchSize: 4));
            return Toy.Bits(network);
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_fit_leaves_no_tensor_behind(string system)
    {
        using Batch spheres = Toy.Spheres();
        using IEncoderDecoder network = HeteroModal.Recipe(system, 2, Toy.Modalities).Build();
        List<long> live = [];
        var options = new TrainingOptions { Epochs = 8, Callbacks = [new ActionCallback(epoch: (_, _) => live.Add(LiveTensors.Held()))] };
        new SupervisedTrainer(network, Toy.Labels, options, HeteroModal.Objective(system)).Fit(Toy.Source(spheres), Toy.Source(spheres));
        live[^1].Should().BeLessThanOrEqualTo(live.Take(4).Max(), string.Join(", ", live));
    }

    private static IEncoderDecoder Evaluated(string system)
    {
        IEncoderDecoder network = HeteroModal.Network(system);
        network.Module.eval();
        return network;
    }
}
