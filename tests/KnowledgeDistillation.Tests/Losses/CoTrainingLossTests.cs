using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.StyleMatching;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Losses;

/// <summary>
/// The losses of ACN and SMU-Net against an independent computation in float64 (tests/Fixtures/Golden/make_co_training.py), and their objectives.
/// </summary>
public sealed class CoTrainingLossTests
{
    private static readonly ExclusiveClasses Classes = new("background", "core", "rim");
    private static readonly OverlappingRegions Regions =
        new([new Region("a", 1, 2, 3), new Region("b", 1, 3), new Region("c", 3)], innermostClasses: [2, 1, 3]);
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(
        Path.Combine(SharedData.CheckoutFolder, "tests", "Fixtures", "Golden", "co_training", "values.json"))).RootElement;

    public static TheoryData<string> Names => [.. Golden.GetProperty("expected").EnumerateObject().Select(value => value.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_value_is_that_of_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        LabelScheme labels = name.EndsWith("regions", StringComparison.Ordinal) ? Regions : Classes;
        DistillationContext context = Contexts.Of(labels, zeros([2, 4, 6], ScalarType.Int64), Output("student"), ("teacher", Output("teacher")));
        Tensor value = name.Split(' ')[0] switch
        {
            "squared" => new CoTrainingConsistencyLoss().Compute(context),
            "divergence" => new CoTrainingConsistencyLoss(new() { Distance = ConsistencyDistance.KullbackLeibler }).Compute(context),
            "adversary" => Adversary(labels).Compute(context),
            "critic" => Adversary(labels).ComputeOwn(context),
            "content" => new ContentMatchingLoss().Compute(context),
            "style" => new StyleMatchingLoss(name == "style" ? null : new() { DeepestLevels = 1 }).Compute(context),
            "mutual" => Predictor().Compute(context),
            _ => throw new InvalidOperationException($"There is no test of '{name}'."),
        };
        value.dtype.Should().Be(ScalarType.Float64);
        double expected = Golden.GetProperty("expected").GetProperty(name).GetDouble();
        value.item<double>().Should().BeApproximately(expected, 1e-12 * Math.Max(1, Math.Abs(expected)));
    }

    [Fact]
    public void The_objective_of_ACN()
    {
        using WeightedObjective objective = AdversarialCoTrainingObjective.Create(Classes, 8);
        objective.Terms.Select(term => (term.Name, Math.Round(term.Weight, 12), term.Loss.GetType())).Should().Equal(
            ("Dice", 0.8, typeof(ReferenceDiceLoss)), ("Dice of the teacher", 0.2, typeof(TeacherAsStudentLoss)),
            ("consistency", 10, typeof(RampedUpLoss)), ("entropy", 0.001, typeof(EntropyAdversarialLoss)),
            ("knowledge", 0.0002, typeof(KnowledgeAdversarialLoss)), ("mutual information", 0.5, typeof(ModalityMutualInformationLoss)));
        objective.ToString().Should().Contain("over 20 epochs").And.Contain("\"Form\":1");
        using WeightedObjective other = AdversarialCoTrainingObjective.Create(Classes, 8, reference: KDNetObjective.Reference());
        other.Terms.Select(term => term.Name).Take(2).Should().Equal("GT", "GT of the teacher");
        Func<object> make = () => AdversarialCoTrainingObjective.Create(Classes, 8, options: new()
        {
            StudentShare = 2,
            ConsistencyWeight = -1,
            ConsistencyRampUpEpochs = -1,
            EntropyWeight = double.NaN,
            KnowledgeWeight = -1,
            MutualInformationWeight = -1,
            Consistency = new() { Distance = (ConsistencyDistance)7 },
            Entropy = new() { StridedConvolutions = 0 },
            Knowledge = new() { LevelsAboveBottleneck = -1, Width = 0 },
            MutualInformation = null!,
        });
        make.Should().Throw<ArgumentException>().WithMessage(
            "AdversarialCoTrainingObjectiveOptions: StudentShare must be from 0 to 1, but is 2. ConsistencyWeight must be at least 0, but is -1. "
                + "ConsistencyRampUpEpochs must be at least 0, but is -1. EntropyWeight must be at least 0, but is NaN. KnowledgeWeight must be at least 0, "
                + "but is -1. MutualInformationWeight must be at least 0, but is -1. Consistency.Distance has no value 7. "
                + "Entropy.StridedConvolutions must be from 1 to 8, but is 0. Knowledge.LevelsAboveBottleneck must be at least 0, but is -1. "
                + "Knowledge.Width must be from 1 to 1024, but is 0. MutualInformation must be given.");
    }

    [Fact]
    public void The_objective_of_SMU_Net()
    {
        using WeightedObjective objective = StyleMatchingObjective.Create([2, 4, 8, 16]);
        objective.Terms.Select(term => (term.Name, Math.Round(term.Weight, 12), term.Loss.GetType())).Should().Equal(
            ("Dice", 0.6, typeof(ReferenceDiceLoss)), ("Dice of the teacher", 0.4, typeof(TeacherAsStudentLoss)),
            ("consistency", 10, typeof(RampedUpLoss)), ("content", 0.2, typeof(ContentMatchingLoss)), ("style", 0.1, typeof(StyleMatchingLoss)),
            ("style adversary", 0.0002, typeof(StyleAdversarialLoss)));
        objective.Terms[5].Loss.ToString().Should().StartWith("StyleAdversarialLoss 28 channels, 3-D {\"DeepestLevels\":3");
        Func<object> make = () => StyleMatchingObjective.Create([2], options: new()
        {
            StudentShare = -1,
            ContentWeight = -1,
            StyleWeight = double.PositiveInfinity,
            AdversarialWeight = -1,
            Content = new() { LevelsAboveBottleneck = -1 },
            Style = new() { DeepestLevels = 0 },
            Adversarial = new() { DeepestLevels = 0, LearningRate = 0 },
        });
        make.Should().Throw<ArgumentException>().WithMessage(
            "StyleMatchingObjectiveOptions: StudentShare must be from 0 to 1, but is -1. ContentWeight must be at least 0, but is -1. "
                + "StyleWeight must be at least 0, but is *. AdversarialWeight must be at least 0, but is -1. "
                + "Content.LevelsAboveBottleneck must be at least 0, but is -1. Style.DeepestLevels must be at least 1, but is 0. "
                + "Adversarial.DeepestLevels must be at least 1, but is 0. Adversarial.LearningRate must be above 0, but is 0.");
    }

    [Fact]
    public void A_critic_learns_to_tell_the_student_from_the_teacher_and_a_student_then_learns_to_be_taken_for_it()
    {
        manual_seed(3);
        using var loss = new EntropyAdversarialLoss(Classes, 2, new() { Width = 8, StridedConvolutions = 2, LearningRate = 5e-3 });
        for (int step = 0; step < 100; step++)
        {
            using var inner = NewDisposeScope();
            loss.Optimizer.zero_grad();
            loss.ComputeOwn(Example(0.3)).backward();
            loss.Optimizer.step();
        }

        using var scope = NewDisposeScope();
        DistillationContext unseen = Example(0.3);
        loss.ComputeOwn(unseen).item<float>().Should().BeLessThan(0.2f, "undecided it would be log 2");
        loss.Score(unseen.Student.Logits, Classes).min().item<float>().Should().BePositive();
        loss.Score(unseen.Teacher.Logits, Classes).max().item<float>().Should().BeNegative();
        loss.Compute(Example(8)).item<float>()
            .Should().BeLessThan(0.5f * loss.Compute(unseen).item<float>(), "a student that is sure is taken for the teacher");

        static DistillationContext Example(double certainty)
        {
            Tensor labels = randint(0, 3, [4, 8, 8], ScalarType.Int64);
            Tensor certain = Classes.Encode(labels);
            return Contexts.Of(Classes, labels, certain * certainty, ("teacher", certain * 8));
        }
    }

    [Fact]
    public void A_predictor_that_learns_finds_how_much_of_the_teacher_the_student_tells()
    {
        manual_seed(4);
        double Learned(double told)
        {
            using var loss = new ModalityMutualInformationLoss(2, 3, spatialDimensions: 2);
            using var optimizer = optim.Adam(loss.Module.parameters(), 2e-2);
            for (int step = 0; step < 300; step++)
            {
                using var inner = NewDisposeScope();
                (Tensor student, Tensor teacher) = Features(told);
                optimizer.zero_grad();
                loss.Compute(student, teacher).backward();
                optimizer.step();
            }

            using var scope = NewDisposeScope();
            (Tensor unseen, Tensor taught) = Features(told);
            return loss.Compute(unseen, taught).item<float>();
        }

        // −½ log of what is left of a variance of 1: half of it is told, or nothing.
        Learned(told: 0.9).Should().BeLessThan(Learned(told: 0) - 0.3);
        Learned(told: 0).Should().BeInRange(0.4, 0.6, "½ (1 + log 1) where nothing is told");

        static (Tensor Student, Tensor Teacher) Features(double told)
        {
            Tensor common = randn(2, 1, 8, 8);
            return (cat([common, -common], 1), (Math.Sqrt(told) * common) + (Math.Sqrt(1 - told) * randn(2, 3, 8, 8)));
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var scope = NewDisposeScope();
        DistillationContext context = Contexts.Of(
            Classes, zeros([2, 4, 6], ScalarType.Int64), Output("student"), ("teacher", Contexts.OutputOf(randn(2, 3, 4, 6), randn(2, 5, 2, 3))));
        FluentActions.Invoking(() => new ContentMatchingLoss().Compute(context)).Should().Throw<ArgumentException>().WithMessage("The student's features*");
        FluentActions.Invoking(() => new StyleMatchingLoss(new() { DeepestLevels = 1 }).Compute(context))
            .Should().Throw<ArgumentException>().WithMessage("The student's features*must have the same shape.");
        using var knowledge = new KnowledgeAdversarialLoss(3, 2, new() { Width = 2 });
        FluentActions.Invoking(() => knowledge.ComputeOwn(context)).Should().Throw<ArgumentException>()
            .WithMessage("The critic was made for maps of 3 channels and 2 spatial dimensions, but the shape is [2, 5, 2, 3].");
        using var information = new ModalityMutualInformationLoss(3, 3, spatialDimensions: 2);
        FluentActions.Invoking(() => information.Compute(context)).Should().Throw<ArgumentException>().WithMessage("The teacher's features have the shape*");
        FluentActions.Invoking(() => new KnowledgeAdversarialLoss(0, 4, new() { Width = 0 })).Should().Throw<ArgumentException>().WithMessage(
            "KnowledgeAdversarialLoss: The number of channels must be at least 1, but is 0. spatialDimensions must be 2 or 3, but is 4. "
                + "options.Width must be from 1 to 1024, but is 0.");
        FluentActions.Invoking(() => new ModalityMutualInformationLoss(0, 0, 4, new() { FirstVariance = 0 })).Should().Throw<ArgumentException>()
            .WithMessage("*studentWidth*teacherWidth*spatialDimensions*options.FirstVariance must be from 1e-4 to 100, but is 0.");
        FluentActions.Invoking(() => new TeacherAsStudentLoss(new ReferenceLoss()).Compute(
            Contexts.Of(Classes, zeros([2, 4, 6], ScalarType.Int64), randn(2, 3, 4, 6)))).Should().Throw<InvalidOperationException>();
    }

    private static NetworkOutput Output(string network)
    {
        JsonElement values = Golden.GetProperty(network);
        return Contexts.OutputOf(Read(values, "logits", 2, 3, 4, 6), Read(values, "shallow", 2, 2, 4, 6), Read(values, "deep", 2, 3, 2, 3));
    }

    private static EntropyAdversarialLoss Adversary(LabelScheme labels)
    {
        var loss = new EntropyAdversarialLoss(labels, 2, new() { StridedConvolutions = 1 });
        JsonElement critic = Golden.GetProperty("critic");
        Load(loss.Module, Read(critic, "kernel", 1, 3, 3, 3), Read(critic, "bias", 1));
        return loss;
    }

    private static ModalityMutualInformationLoss Predictor()
    {
        var loss = new ModalityMutualInformationLoss(3, 3, spatialDimensions: 2);
        JsonElement predictor = Golden.GetProperty("predictor");
        Tensor weights = Read(predictor, "weights", 3, 3, 3, 1, 1);
        Dictionary<string, Tensor> values = new() { ["scale"] = Read(predictor, "scale", 3) };
        foreach ((string name, int index) in new[] { ("first", 0), ("second", 1), ("third", 2) })
            values[$"{name}.weight"] = weights[index];
        loss.Module.to(ScalarType.Float64);
        using IDisposable noGradient = no_grad();
        foreach ((string name, Parameter parameter) in loss.Module.named_parameters())
            parameter.copy_(values[name]);
        return loss;
    }

    private static void Load(nn.Module module, params Tensor[] values)
    {
        module.to(ScalarType.Float64);
        using IDisposable noGradient = no_grad();
        foreach ((Parameter parameter, Tensor value) in module.parameters().Zip(values))
            parameter.copy_(value);
    }

    private static Tensor Read(JsonElement json, string name, params long[] shape)
    {
        return tensor([.. Numbers(json.GetProperty(name))], ScalarType.Float64).reshape(shape);

        static IEnumerable<double> Numbers(JsonElement element) =>
            element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().SelectMany(Numbers) : [element.GetDouble()];
    }
}
