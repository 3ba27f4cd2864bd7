using FluentAssertions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Teachers;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Tests.Systems;

/// <summary>What holds for every system that can be trained.</summary>
public sealed class SystemTests(SystemFixture fixture) : IClassFixture<SystemFixture>
{
    /// <summary>Every system with the paper's U-Net or the network of its own, and teacher and student with each other network.</summary>
    public static TheoryData<string, string> Systems
    {
        get
        {
            var systems = new TheoryData<string, string>();
            foreach (string system in SegmentationSystems.Names)
                systems.Add(system, NetworkNames.UNet);
            foreach (string network in NetworkNames.All.Except([NetworkNames.UNet]))
            {
                systems.Add(SegmentationSystems.Teacher.Name, network);
                systems.Add(SegmentationSystems.KDNet.Name, network);
            }

            return systems;
        }
    }

    [Fact]
    public void Names_and_titles_tell_them_apart()
    {
        SegmentationSystems.Names.Should().OnlyHaveUniqueItems();
        SegmentationSystems.All.Select(system => system.Title).Should().OnlyHaveUniqueItems();
        SegmentationSystems.All.Select(system => system.Summary).Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void All_that_should_learn_gets_a_gradient_and_nothing_else(string name, string kind)
    {
        SegmentationSystem system = SegmentationSystems.Of(name);
        using IEncoderDecoder network = Build(system, kind, out FrozenTeacher? teacher);
        using IEncoderDecoder? teacherNetwork = teacher?.Network;
        byte[]? teacherBefore = teacherNetwork is null ? null : Bits(teacherNetwork);
        string[] shared = teacherNetwork is null
            ? []
            : [.. network.Module.named_parameters().Where(own => teacherNetwork.Module.parameters().Any(taught => ReferenceEquals(taught, own.parameter)))
                .Select(own => own.name)];
        (system.Couple is not null).Should().Be(shared.Length > 0);

        HashSet<string> learned = [.. shared];
        foreach (TrainingStage stage in system.Stages)
        {
            stage.Prepare?.Invoke(network);
            using WeightedObjective objective = stage.Objective(SystemFixture.Inputs(system, kind, BraTSModality.T1ce));
            string[] frozen = [.. network.Module.named_parameters().Where(parameter => !parameter.parameter.requires_grad).Select(parameter => parameter.name)];
            // Several batches, because networks that draw modalities at random do not use all of their encoders at once.
            for (int step = 0; step < 12; step++)
                Step(network, kind, teacher, objective, step);
            string[] reached = [.. network.Module.named_parameters().Where(parameter => HasGradient(parameter.parameter)).Select(parameter => parameter.name)];
            reached.Should().NotIntersectWith(frozen);
            learned.UnionWith(reached);
            Learnable(objective).SelectMany(module => module.parameters()).Where(parameter => !HasGradient(parameter)).Should().BeEmpty();
            network.Module.zero_grad();
        }

        learned.Should().BeEquivalentTo(network.Module.named_parameters().Select(parameter => parameter.name));
        if (teacherNetwork is null)
            return;
        teacherNetwork.Module.parameters().Should().OnlyContain(parameter => !HasGradient(parameter));
        Bits(teacherNetwork).Should().Equal(teacherBefore);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void What_is_saved_predicts_what_was_trained(string name, string kind)
    {
        using IEncoderDecoder network = Build(SegmentationSystems.Of(name), kind, out FrozenTeacher? teacher);
        using IEncoderDecoder? teacherNetwork = teacher?.Network;
        using Batch batch = SystemFixture.Phantom(number: 5);
        string folder = fixture.In($"saved-{name}-{kind}");
        var model = new SegmentationModel(network, BraTSRegions.Classes);
        model.Save(folder);

        using SegmentationModel loaded = SegmentationModel.Load(folder);
        using Tensor before = model.PredictProbabilities(batch.Images);
        using Tensor after = loaded.PredictProbabilities(batch.Images);
        using Tensor only = loaded.PredictProbabilities(batch.Images.Only(loaded.Network.NeedsAllModalities ? loaded.Network.Modalities : ["t1ce"]));

        before.shape.Should().Equal(1, BraTSRegions.Classes.Channels, SystemFixture.Edge, SystemFixture.Edge, SystemFixture.Edge);
        after.bytes.ToArray().Should().Equal(before.bytes.ToArray());
        only.shape.Should().Equal(before.shape);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void The_same_seed_gives_the_same_weights(string name, string kind)
    {
        TrainingResult first = fixture.TrainedOnPhantoms(name, kind), second = fixture.TrainOnPhantoms(name, kind, fixture.In($"{name}-{kind}-again"));

        Weights(second).Should().Equal(Weights(first));
        static byte[] Weights(TrainingResult result) => File.ReadAllBytes(Path.Combine(result.LastCheckpoint!, "weights.safetensors"));
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void A_few_dozen_steps_on_one_case_are_enough_to_find_its_tumor(string name, string kind)
    {
        using IEncoderDecoder network = fixture.Overfit(SegmentationSystems.Of(name), kind);

        SystemFixture.WholeTumorDice(network).Should().BeGreaterThan(0.8);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Every_system_learns_from_a_real_patient(string name, string kind)
    {
        double[] losses = [.. fixture.TrainedOnARealPatient(name, kind).History.Select(epoch => epoch.Training.Total)];

        losses.Should().HaveCount(8);
        // Networks that draw modalities at random have easy and hard steps.
        losses[4..].Average().Should().BeLessThan(losses[..4].Average());
    }

    private static IEncoderDecoder Build(SegmentationSystem system, string kind, out FrozenTeacher? teacher)
    {
        manual_seed(1);
        ExperimentSettings settings = SystemFixture.Small(kind);
        IEncoderDecoder network = system.Recipe(settings, BraTSModality.T1ce).Build();
        teacher = system.NeedsTeacher ? new FrozenTeacher(SegmentationSystems.Teacher.Recipe(settings, BraTSModality.T1ce).Build()) : null;
        if (teacher is not null)
            system.Couple?.Invoke(network, teacher);
        return network;
    }

    private static void Step(IEncoderDecoder network, string kind, FrozenTeacher? teacher, WeightedObjective objective, int step)
    {
        using var scope = NewDisposeScope();
        using Batch volumes = SystemFixture.Phantom(number: step);
        using Batch batch = SystemFixture.Source(volumes, kind).ReadEpoch(0).First();
        network.Module.train();
        teacher?.Network.Module.eval();
        var teachers = new Dictionary<string, NetworkOutput>();
        if (teacher is not null)
            teachers["teacher"] = teacher.Forward(batch, objective.TeacherFeatures("teacher"));
        NetworkOutput student = NetworkOutput.Of(network, batch.Images, objective.StudentFeatures);
        objective.Evaluate(new DistillationContext(batch, BraTSRegions.Classes, student, teachers)).Total.backward();
    }

    private static IEnumerable<nn.Module> Learnable(IDistillationLoss loss) => loss switch
    {
        ILearnableLoss learnable => [learnable.Module],
        ICompositeLoss composite => composite.Parts.SelectMany(Learnable),
        _ => [],
    };

    private static bool HasGradient(Parameter parameter)
    {
        using var scope = NewDisposeScope();
        return parameter.grad is { } gradient && gradient.isfinite().all().item<bool>() && gradient.ne(0).any().item<bool>();
    }

    private static byte[] Bits(IEncoderDecoder network)
    {
        using var scope = NewDisposeScope();
        return [.. network.Module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .SelectMany(entry => entry.Value.detach().contiguous().bytes.ToArray())];
    }
}
