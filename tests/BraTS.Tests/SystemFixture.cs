using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>Data for the tests of all systems, and a teacher for each data set, made when it is first asked for.</summary>
public sealed class SystemFixture : IDisposable
{
    /// <summary>Thirty steps on the one case whose tumour shows clearly.</summary>
    internal static readonly string[] ClearSettings = ["--folds", "1", "--crop", "24", "--subsample", "1", "--levels", "3", "--width", "8", "--epochs", "30", "--learning-rate", "1e-2", "--flip", "false", "--threads", "1"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-systems-").FullName;
    private readonly Lazy<string> _phantoms, _phantomTeacher, _clear, _clearTeacher, _realTeacher;

    public SystemFixture()
    {
        _phantoms = new Lazy<string>(() => MakePhantoms("phantoms", "--cases", "4", "--size", "16"));
        _phantomTeacher = new Lazy<string>(() => Teacher("phantom-teacher", ["--data", _phantoms!.Value, "--cache", In("cache"), "--crop", "16", "--subsample", "1", "--levels", "2", "--width", "4", "--epochs", "1", "--threads", "1", "--seed", "3"]));
        _clear = new Lazy<string>(() => MakePhantoms("clear", "--cases", "1", "--size", "24", "--noise", "0.02", "--contrast", "2", "--oedema-in-t1", "3", "--distractors", "0", "--reference-error", "0"));
        _clearTeacher = new Lazy<string>(() => Teacher("clear-teacher", ["--data", _clear.Value, .. ClearSettings]));
        _realTeacher = new Lazy<string>(() => Teacher("real-teacher", [.. RealSettings]));
    }

    /// <summary>Four small phantoms.</summary>
    internal string Phantoms => _phantoms.Value;

    internal string PhantomTeacher => _phantomTeacher.Value;

    /// <summary>One phantom whose tumour shows clearly in every modality.</summary>
    internal string Clear => _clear.Value;

    /// <summary>The same as networks see it.</summary>
    internal PreprocessedCase ClearCase => new Preprocessor(new PreprocessingOptions { CropSize = VolumeSize.Cube(24), SubsamplingFactor = 1 }).Process(BraTSDataset.Open(_clear.Value).Cases[0]);

    internal string ClearTeacher => _clearTeacher.Value;

    internal string RealTeacher => _realTeacher.Value;

    /// <summary>Four epochs on the crop of a real patient, halved to 32³.</summary>
    internal IReadOnlyList<string> RealSettings =>
        ["--data", SharedData.Require("data", "BraTS2021_00006_crop64"), "--cache", In("real-cache"), "--folds", "1", "--crop", "64", "--subsample", "2", "--levels", "3", "--width", "4", "--epochs", "4", "--learning-rate", "1e-3", "--threads", "1"];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal string In(string name) => Path.Combine(_folder, name);

    /// <summary>Trains a system by the command.</summary>
    internal void Train(string system, string folder, string teacher, IReadOnlyList<string> settings)
    {
        string[] teachers = SegmentationSystems.Of(system).NeedsTeacher ? ["--teacher", teacher] : [];
        Succeed(["train", "--system", system, "--out", folder, .. settings, .. teachers]);
    }

    /// <summary>A phantom as a batch of all modalities.</summary>
    internal Batch Batch(int edge, int seed)
    {
        using var scope = NewDisposeScope();
        var phantom = new BraTSPhantom(new BraTSPhantomOptions { Seed = seed, Size = VolumeSize.Cube(edge) });
        string folder = In($"batch-{edge}-{seed}");
        if (!Directory.Exists(folder))
            phantom.WriteDataset(folder, 1);
        PreprocessedCase item = new Preprocessor(new PreprocessingOptions { CropSize = null, SubsamplingFactor = 1 }).Process(BraTSDataset.Open(folder).Cases[0]);
        return new Batch(
            new ModalityImages(item.Images.Select(image => KeyValuePair.Create(image.Key, tensor(image.Value, [1, 1, edge, edge, edge]).MoveToOuterDisposeScope()))),
            tensor(Array.ConvertAll(item.Classes!, label => (long)label), [1, edge, edge, edge]).MoveToOuterDisposeScope(),
            [item.Id]);
    }

    internal static double WholeTumourDice(SegmentationModel model, PreprocessedCase item)
    {
        using CasePrediction prediction = ModelInference.Segmenter(model).Predict(item);
        return SegmentationEvaluator.Evaluate(
            Array.ConvertAll(prediction.Classes(), label => (int)label),
            Array.ConvertAll(item.Classes!, label => (int)label),
            item.Size.X, item.Size.Y, item.Size.Z, item.Geometry.Grid.Spacing, BraTSRegions.All).Single(region => region.Region == "WT").Dice;
    }

    private string MakePhantoms(string name, params string[] options)
    {
        Succeed(["phantom", "--out", In(name), .. options]);
        return In(name);
    }

    private string Teacher(string name, string[] settings)
    {
        Train("teacher", In(name), teacher: "", settings);
        return In(name);
    }

    private static void Succeed(string[] arguments)
    {
        Kdnet run = Kdnet.Run(arguments);
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"kdnet {string.Join(' ', arguments)} failed: {run.Error}");
    }
}
