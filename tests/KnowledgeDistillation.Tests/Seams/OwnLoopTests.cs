using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A user who keeps their own training loop and takes only the losses.</summary>
public sealed class OwnLoopTests
{
    [Fact]
    public void The_losses_work_on_plain_tensors_in_a_loop_of_the_users_own()
    {
        using Batch spheres = Toy.Spheres();
        using UNet3D teacherNetwork = Toy.Teacher();
        using UNet3D student = Toy.Student();
        byte[] teacherBefore = Toy.Bits(teacherNetwork);

        var labels = new ExclusiveClasses("background", "sphere");
        var teacher = new FrozenTeacher(teacherNetwork);
        var softTargets = new SoftTargetLoss(new SoftTargetOptions { Temperature = 2 });
        var bottleneck = new BottleneckLoss();
        var dice = new SoftDiceLoss();
        using var optimizer = optim.AdamW(student.parameters(), lr: 1e-2);
        List<float> losses = [];
        for (int step = 0; step < 10; step++)
        {
            using var scope = NewDisposeScope();
            NetworkOutput taught = teacher.Forward(spheres);
            EncoderOutput encoding = student.Encode(spheres.Images);
            Tensor logits = student.Decode(encoding);
            Tensor loss = softTargets.Compute(logits, taught.Logits, labels)
                + (0.1 * bottleneck.Compute(encoding.Bottleneck, taught.Encoding.Bottleneck))
                + dice.Compute(labels.Probabilities(logits), labels.Encode(spheres.Labels), labels);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            losses.Add(loss.item<float>());
        }

        losses[^1].Should().BeLessThan(losses[0]);
        Toy.Bits(teacherNetwork).Should().Equal(teacherBefore);
    }
}
