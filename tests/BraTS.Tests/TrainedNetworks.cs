using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using Xunit;

[assembly: AssemblyFixture(typeof(KnowledgeDistillation.Samples.BraTS.Tests.TrainedNetworks))]

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>A tiny phantom data set, and a teacher, a student and a network for any modalities that were trained on it for one epoch by the commands.</summary>
public sealed class TrainedNetworks : IDisposable
{
    /// <summary>Makes a training as small as a training can be.</summary>
    public static readonly string[] SmallTraining = ["--crop", "16", "--subsample", "2", "--levels", "2", "--width", "2", "--epochs", "1", "--threads", "1"];

    /// <summary>The same with another value of an option.</summary>
    public static string[] SmallTrainingWith(string option, string value)
    {
        int position = Array.IndexOf(SmallTraining, option);
        return position < 0 ? [.. SmallTraining, option, value] : [.. SmallTraining[..position], option, value, .. SmallTraining[(position + 2)..]];
    }

    public TrainedNetworks()
    {
        Succeed("phantom", "--out", Data, "--cases", "4", "--size", "16");
        Succeed(["train", "--system", "teacher", "--data", Data, "--out", Teacher, "--cache", In("cache"), .. SmallTraining]);
        Succeed(["train", "--system", "kd-net", "--data", Data, "--out", Student, "--cache", In("cache"), "--teacher", Teacher, .. SmallTraining]);
        Succeed(["train", "--system", "u-hemis", "--data", Data, "--out", AnyModalities, "--cache", In("cache"), .. SmallTraining]);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("kdnet-tests-").FullName;

    public string Data => In("phantoms");

    public string Teacher => In("teacher");

    public string Student => In("student");

    /// <summary>A network that works with any modalities.</summary>
    public string AnyModalities => In("u-hemis");

    /// <summary>The T1ce files of the phantoms.</summary>
    public IReadOnlyList<string> T1ce => [.. MedicalDataset.Open(Data).Cases.Select(item => item.Images[BraTSModality.T1ce].Path)];

    public string In(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Succeed(params string[] arguments)
    {
        Kdnet run = Kdnet.Run(arguments);
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"kdnet {string.Join(' ', arguments)} failed: {run.Error}");
    }
}
