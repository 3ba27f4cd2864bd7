using FluentAssertions;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Training;

public sealed class HistoryTableTests
{
    [Fact]
    public void Each_epoch_is_a_row_of_exact_figures()
    {
        LossReport Report(double kd, double gt) => new((0.75 * kd) + (0.25 * gt), [new TermValue("KD", 0.75, kd), new TermValue("a,\"b\"", 0.25, gt)]);
        EpochReport[] history =
        [
            new(0, 1e-4, Report(0.1, 2), Report(4, 8), true, 1.23456, new Dictionary<string, double> { ["KD"] = 0.25, ["a,\"b\""] = 0.75 }),
            new(1, 2e-5, Report(1.0 / 3, 2), null, false, 2, null),
        ];
        string[] lines = HistoryTable.Of(history).ToString().ReplaceLineEndings("\n").Split('\n');
        lines.Should().Equal(
            "epoch,learning_rate,seconds,best,training_loss,training_KD,\"training_a,\"\"b\"\"\",validation_loss,validation_KD,\"validation_a,\"\"b\"\"\","
                + "weight_KD,\"weight_a,\"\"b\"\"\",gradient_share_KD,\"gradient_share_a,\"\"b\"\"\"",
            "0,0.0001,1.235,1,0.575,0.1,2,5,4,8,0.75,0.25,0.25,0.75",
            "1,2E-05,2,0,0.75,0.3333333333333333,2,,,,0.75,0.25,,",
            "");
    }
}
