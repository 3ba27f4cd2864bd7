using FluentAssertions;
using KnowledgeDistillation.Inference;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class DeepSupervisionTests(TrainedNetworks trained)
{
    [Fact]
    public void A_supervised_decoder_trains_resumes_and_leaves_a_network_like_any_other()
    {
        string whole = trained.In("deep-whole"), parts = trained.In("deep-parts");
        Train("kd-net", whole, "2").Error.Should().BeEmpty();
        Train("kd-net", parts, "1").ExitCode.Should().Be(0);
        Train("kd-net", parts, "2", "--resume").ExitCode.Should().Be(0);

        File.ReadAllBytes(Path.Combine(parts, "last", "weights.safetensors"))
            .Should().Equal(File.ReadAllBytes(Path.Combine(whole, "last", "weights.safetensors")));
        File.ReadLines(Path.Combine(whole, "history.csv")).First().Should().Contain("deep supervision");
        using SegmentationModel supervised = SegmentationModel.Load(Path.Combine(whole, "best"));
        using IEncoderDecoder plain = supervised.Network.Recipe!.Build();
        supervised.Network.Module.state_dict().Keys.Should().Equal(plain.Module.state_dict().Keys);
    }

    [Fact]
    public void A_network_with_too_few_levels_says_why_it_cannot_be_supervised()
    {
        Kdnet run = Kdnet.Run(
        [
            "train", "--system", "baseline", "--data", trained.Data, "--out", trained.In("deep-shallow"), "--cache", trained.In("cache"),
            "--deep-supervision", "true", .. TrainedNetworks.SmallTraining,
        ]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("UNet3D gives the features of 0").And.Contain("--deep-supervision");
    }

    private Kdnet Train(string system, string folder, string epochs, params string[] more)
    {
        string teacher = trained.In("deep-teacher");
        string[] deep = [.. TrainedNetworks.SmallTrainingWith("--levels", "3"), "--deep-supervision", "true", "--cache", trained.In("cache")];
        if (!Directory.Exists(teacher))
            Kdnet.Run(["train", "--system", "teacher", "--data", trained.Data, "--out", teacher, .. deep]).ExitCode.Should().Be(0);
        deep[Array.IndexOf(deep, "--epochs") + 1] = epochs;
        return Kdnet.Run(["train", "--system", system, "--teacher", teacher, "--data", trained.Data, "--out", folder, .. deep, .. more]);
    }
}
