using System.Buffers.Binary;
using FluentAssertions;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using Tensorboard;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class TensorBoardLogTests
{
    [Fact]
    public void Each_epochs_figures_are_written_as_scalars()
    {
        using var folder = new TemporaryFolder();
        using Batch spheres = Toy.Spheres();
        using UNet3D teacher = Toy.Teacher();
        using UNet3D student = Toy.Student();
        var options = new TrainingOptions { Epochs = 2, GradientSharesEvery = 1, Callbacks = [new TensorBoardLog(folder["log"])] };
        TrainingResult result = new DistillationTrainer(student, new FrozenTeacher(teacher), Toy.Labels, options).Fit(Toy.Source(spheres), Toy.Source(spheres));

        string file = Directory.GetFiles(folder["log"]).Should().ContainSingle().Which;
        Path.GetFileName(file).Should().StartWith("events.out.tfevents.");
        Dictionary<(string Tag, long Epoch), float> scalars = ReadScalars(file);
        foreach (EpochReport report in result.History)
        {
            scalars[("learning rate", report.Epoch)].Should().Be((float)report.LearningRate);
            scalars[("training/loss", report.Epoch)].Should().Be((float)report.Training.Total);
            scalars[("validation/loss", report.Epoch)].Should().Be((float)report.Validation!.Total);
            scalars[("validation/KL", report.Epoch)].Should().Be((float)report.Validation.Terms[2].Value);
            scalars[("training weighted/KL", report.Epoch)].Should().Be((float)report.Training.Terms[2].Weighted);
            scalars[("gradient share/GT", report.Epoch)].Should().Be((float)report.GradientShares!["GT"]);
        }

        scalars.Should().HaveCount(2 * (1 + 2 + (2 * 2 * 3) + 3));
    }

    // A record: length (8 bytes), its checksum (4), an event in protocol buffers, its checksum (4).
    private static Dictionary<(string Tag, long Epoch), float> ReadScalars(string file)
    {
        var scalars = new Dictionary<(string, long), float>();
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] head = new byte[12];
        while (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length)
        {
            byte[] record = new byte[BinaryPrimitives.ReadInt64LittleEndian(head)];
            stream.ReadExactly(record);
            stream.ReadExactly(head, 0, 4);
            Event entry = Event.Parser.ParseFrom(record);
            foreach (Summary.Types.Value value in entry.Summary?.Value ?? [])
                scalars.Add((value.Tag, entry.Step), value.SimpleValue);
        }

        return scalars;
    }
}
