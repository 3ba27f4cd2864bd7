using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.FeatureMatching;
using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Seams;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Networks;

public class EnsembleNetworkTests
{
    private static readonly ExclusiveClasses Two = new("background", "tumor");
    private static readonly OverlappingRegions OneRegion = new([new Region("WT", 1)], innermostClasses: [1]);
    private static readonly double Log3 = Math.Log(3);

    [Fact]
    public void Its_probabilities_are_the_mean_or_the_weighted_mean_by_hand()
    {
        using var scope = NewDisposeScope();
        // Members of p(tumor) = 3/4 and 1/2.
        double Tumor(double[]? weights) => Probabilities(Two, weights, Logits(0, Log3), Logits(0, 0))[1];
        Tumor(null).Should().BeApproximately(5.0 / 8, 1e-12);
        Tumor([3, 1]).Should().BeApproximately(11.0 / 16, 1e-12);
        double Region(double[]? weights) => Probabilities(OneRegion, weights, Logits(Log3), Logits(0))[0];
        Region(null).Should().BeApproximately(5.0 / 8, 1e-12);
        Region([3, 1]).Should().BeApproximately(11.0 / 16, 1e-12);
    }

    [Fact]
    public void Members_of_any_sharpness_give_finite_logits()
    {
        using var scope = NewDisposeScope();
        Probabilities(Two, null, Logits(-1e4, 1e4), Logits(1e4, -1e4)).Should().OnlyContain(p => Math.Abs(p - 0.5) < 1e-12);
        Probabilities(OneRegion, null, Logits(1e4), Logits(-1e4)).Should().OnlyContain(p => Math.Abs(p - 0.5) < 1e-12);
        // Where all agree, the mean is as sharp as they are.
        foreach ((LabelScheme scheme, Tensor logits) in new (LabelScheme, Tensor)[] { (Two, Logits(-1e4, 1e4)), (OneRegion, Logits(-1e4)) })
        {
            using EnsembleNetwork ensemble = Of(scheme, null, logits, logits);
            Tensor decoded = ensemble.Decode(ensemble.Encode(Image()));
            decoded.isfinite().all().item<bool>().Should().BeTrue();
            scheme.LogProbabilities(decoded).LogProbability.allclose(scheme.LogProbabilities(logits).LogProbability).Should().BeTrue();
        }
    }

    [Fact]
    public void Each_member_takes_its_own_modalities_and_the_ensemble_segments_as_a_model()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres();
        UNet3D both = Toy.Teacher();
        UNet3D faint = Toy.Student();
        using var model = new SegmentationModel(new EnsembleNetwork([faint, both], Toy.Labels), Toy.Labels);
        model.Network.Modalities.Should().Equal("faint", "bright");
        (model.Network.NeedsAllModalities, model.Network.OutputChannels, model.Network.SizeMultiple).Should().Be((true, 2, 2));

        using var alone = new SegmentationModel(both, Toy.Labels);
        using var aloneFaint = new SegmentationModel(faint, Toy.Labels);
        Tensor expected = (alone.PredictProbabilities(spheres.Images) + aloneFaint.PredictProbabilities(spheres.Images)) / 2;
        model.PredictProbabilities(spheres.Images).allclose(expected, atol: 1e-6).Should().BeTrue();
        Tensor windows = model.PredictProbabilities(spheres.Images, new SlidingWindowInference(new SlidingWindowOptions { WindowSize = [4, 4, 4] }));
        windows.shape.Should().Equal(4, 2, 8, 8, 8);
        model.Invoking(it => it.Predict(spheres.Images.Only("faint"))).Should().Throw<ArgumentException>().WithMessage("*'bright' is missing*");
    }

    [Fact]
    public void Members_of_different_poolings_ask_for_a_size_that_fits_all()
    {
        manual_seed(70);
        UNet3D shallow = Toy.Student();
        var adapter = new ModuleAdapter(nn.Sequential(("only", nn.Conv3d(1, 2, 1))), ["faint"], 2, "only", sizeMultiple: 3);
        using var ensemble = new EnsembleNetwork([shallow, adapter], Toy.Labels);
        ensemble.SizeMultiple.Should().Be(6);
        using Tensor image = rand([1, 1, 7, 7, 7]);
        using var model = new SegmentationModel(ensemble, Toy.Labels);
        using Tensor classes = model.Predict(new ModalityImages(("faint", image)));
        classes.shape.Should().Equal(1, 7, 7, 7);
    }

    [Fact]
    public void It_takes_any_subset_of_modalities_where_all_members_do()
    {
        manual_seed(71);
        using var same = new EnsembleNetwork([new VariationalNetwork(["a", "b"], 2), new VariationalNetwork(["b", "a"], 2)], Two);
        same.NeedsAllModalities.Should().BeFalse();
        using Tensor image = rand([1, 1, 4, 4, 4]);
        using var model = new SegmentationModel(same, Two);
        using Tensor classes = model.Predict(new ModalityImages(("b", image)));
        using var other = new EnsembleNetwork([new VariationalNetwork(["a", "b"], 2), new VariationalNetwork(["a"], 2)], Two);
        other.NeedsAllModalities.Should().BeTrue("with b alone the second would see nothing");
    }

    [Fact]
    public void As_a_teacher_it_stays_bit_by_bit_and_teaches()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D student = Toy.Student();
        using var ensemble = new EnsembleNetwork([Toy.NetworkWithBuffers(2, 0.2, Toy.Modalities), Toy.Teacher(seed: 3)], Toy.Labels);
        ensemble.Module.train();
        byte[] before = Toy.Bits(ensemble);
        var teacher = new FrozenTeacher(ensemble);
        ensemble.Members.Should().OnlyContain(member => !member.Module.training && member.Module.parameters().All(parameter => !parameter.requires_grad));
        TrainingResult result = new DistillationTrainer(
            student,
            teacher,
            Toy.Labels,
            new TrainingOptions { Epochs = 8, LearningRate = 1e-2 },
            new WeightedObjective("KD", new HintonLoss()))
            .Fit(Toy.Source(spheres));
        result.History[^1].Training.Total.Should().BeLessThan(0.7 * result.History[0].Training.Total);
        Toy.Bits(ensemble).Should().Equal(before);
    }

    [Fact]
    public void A_loss_of_its_features_fails_with_what_to_do_instead()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres();
        using UNet3D student = Toy.Student();
        using var ensemble = new EnsembleNetwork([Toy.Teacher(seed: 2), Toy.Teacher(seed: 3)], Toy.Labels);
        var context = new DistillationContext(
            spheres,
            Toy.Labels,
            NetworkOutput.Of(student, spheres.Images),
            new Dictionary<string, NetworkOutput> { ["ensemble"] = new FrozenTeacher(ensemble).Forward(spheres) });
        foreach (IDistillationLoss loss in new IDistillationLoss[]
        {
            new BottleneckLoss(),
            new FeatureMatchingLoss(),
            new PairWiseLoss(),
            new AttentionTransferLoss(),
        })
        {
            loss.Invoking(it => it.Compute(context)).Should().Throw<InvalidOperationException>(loss.ToString())
                .WithMessage("An ensemble has no bottleneck or other features to compare*Make each member a teacher of its own and use a TeacherMeanLoss*");
        }

        new HintonLoss().Compute(context).item<float>().Should().BePositive();
        context.Teacher.Encoding.Detach().Invoking(encoding => encoding.Bottleneck).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Its_weights_are_saved_and_read_by_an_ensemble_of_the_same_members()
    {
        using var folder = new TemporaryFolder();
        using (var saved = new SegmentationModel(new EnsembleNetwork([Toy.Teacher(seed: 2), Toy.Teacher(seed: 3)], Toy.Labels), Toy.Labels))
        {
            saved.Save(folder["ensemble"]);
            using SegmentationModel loaded = SegmentationModel.LoadInto(
                folder["ensemble"], new EnsembleNetwork([Toy.Teacher(seed: 8), Toy.Teacher(seed: 9)], Toy.Labels));
            Toy.Bits(loaded.Network).Should().Equal(Toy.Bits(saved.Network));
            saved.Network.Module.state_dict().Keys.Should().Contain(name => name.StartsWith("members.1.", StringComparison.Ordinal));
        }

        FluentActions.Invoking(() => SegmentationModel.Load(folder["ensemble"])).Should().Throw<CheckpointException>()
            .WithMessage("*build it yourself and use LoadInto*");
    }

    [Fact]
    public void It_moves_with_its_members_and_owns_them()
    {
        UNet3D member = Toy.Teacher();
        var ensemble = new EnsembleNetwork([member], Toy.Labels);
        ensemble.to(ScalarType.Float64);
        member.parameters().Should().OnlyContain(parameter => parameter.dtype == ScalarType.Float64);
        ensemble.Dispose();
        member.Invoking(it => it.parameters().First().sum()).Should().Throw<Exception>("its parameters are gone");
        // Whoever made the member may dispose it as well.
        member.Dispose();
    }

    [Fact]
    public void An_encoding_of_another_network_is_refused()
    {
        using var scope = NewDisposeScope();
        using EnsembleNetwork ensemble = Of(Two, null, Logits(0, 1), Logits(0, 1));
        using EnsembleNetwork larger = Of(Two, null, Logits(0, 1), Logits(0, 1), Logits(0, 1));
        ensemble.Invoking(it => it.Decode(larger.Encode(Image()))).Should().Throw<ArgumentException>()
            .WithMessage("This encoding comes from another network.*");
        ensemble.Invoking(it => it.Decode(new EncoderOutput(zeros(1)))).Should().Throw<ArgumentException>()
            .WithMessage("This encoding comes from another network.*");
    }

    [Fact]
    public void All_faults_are_in_one_message_and_the_members_stay_the_callers()
    {
        using UNet3D member = Toy.Teacher();
        Func<object> make = () => new EnsembleNetwork([member, member], Contexts.BratsClasses, [0, double.NaN, 1]);
        make.Should().Throw<ArgumentException>().WithMessage(
            "EnsembleNetwork: A network is a member twice: give it a greater weight instead. Member 0 has 2 output channels, but the label scheme has 4. "
            + "Member 1 has 2 output channels, but the label scheme has 4. "
            + "2 members need as many weights, but 3 were given. The weight of member 0 must be finite and above 0, but is 0. "
            + "The weight of member 1 must be finite and above 0, but is NaN.");
        Func<object> nobody = () => new EnsembleNetwork([], Two);
        nobody.Should().Throw<ArgumentException>().WithMessage("EnsembleNetwork: At least one member is needed.");
        member.parameters().First().isfinite().all().item<bool>().Should().BeTrue();
    }

    private static Tensor Logits(params double[] values) => tensor(values).reshape(1, values.Length, 1);

    private static ModalityImages Image() => new(("t1ce", zeros([1, 1, 1])));

    private static EnsembleNetwork Of(LabelScheme scheme, double[]? weights, params Tensor[] logits) =>
        new([.. logits.Select(member => new TensorNetwork(member, zeros([1, 1, 1])))], scheme, weights);

    private static double[] Probabilities(LabelScheme scheme, double[]? weights, params Tensor[] logits)
    {
        using EnsembleNetwork ensemble = Of(scheme, weights, logits);
        return [.. scheme.Probabilities(ensemble.Decode(ensemble.Encode(Image()))).flatten().data<double>()];
    }
}
