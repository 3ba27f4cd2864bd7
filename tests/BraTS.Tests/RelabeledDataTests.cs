using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>The same patients as different generations of BraTS store them: other names, other layouts, other numbers for the same tissue.</summary>
public sealed class RelabeledDataTests(TrainedNetworks trained) : IDisposable
{
    private static readonly string[] Small =
    [
        "--crop", "16", "--subsample", "1", "--levels", "2", "--width", "4", "--threads", "1", "--learning-rate", "1e-2", "--epochs", "20", "--flip", "false",
        "--student", "t1ce", "--folds", "2",
    ];

    private static readonly string[] Order = [BraTSModality.Flair, BraTSModality.T1, BraTSModality.T1ce, BraTSModality.T2];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_same_patients_give_the_same_Dice_and_predictions_in_the_numbers_of_their_own_data_set()
    {
        (string[] Dice, Volume<int> Prediction) of2020 = Learn("2020", number => $"BraTS20_Training_{number:000}", ["flair", "t1", "t1ce", "t2"], '_', []);
        (string[] Dice, Volume<int> Prediction) of2023 =
            Learn("2023", number => $"BraTS-GLI-{number:00000}-000", ["t2f", "t1n", "t1c", "t2w"], '-', new() { [4] = 3 });
        (string[] Dice, Volume<int> Prediction) of2024 = Learn(
            "2024", number => $"BraTS-GLI-{number:00000}-100", ["t2f", "t1n", "t1c", "t2w"], '-', new() { [4] = 3 },
            "--labels", "1=necrosis,2=edema,3=enhancing,4=ignore");
        (string[] Dice, Volume<int> Prediction) ofDecathlon = LearnDecathlon(new() { [1] = 2, [2] = 1, [4] = 3 });

        of2020.Dice.Should().HaveCountGreaterThan(6).And.Contain(value => value != "0" && value != "1" && value != "dice");
        of2020.Prediction.Voxels.Should().Contain([2, 4]);
        of2023.Dice.Should().Equal(of2020.Dice);
        of2024.Dice.Should().Equal(of2020.Dice);
        ofDecathlon.Dice.Should().Equal(of2020.Dice);
        of2023.Prediction.Voxels.Should().Equal(of2020.Prediction.Voxels.Select(label => label == 4 ? 3 : label));
        of2024.Prediction.Voxels.Should().Equal(of2023.Prediction.Voxels);
        ofDecathlon.Prediction.Voxels.Should().Equal(of2020.Prediction.Voxels.Select(label => label switch { 1 => 2, 2 => 1, 4 => 3, _ => label }));
    }

    private (string[] Dice, Volume<int> Prediction) Learn(
        string name, Func<int, string> caseName, string[] suffixes, char separator, Dictionary<int, int> labels, params string[] options)
    {
        foreach ((MedicalCase item, int number) in Patients())
        {
            string id = caseName(number), folder = Directory.CreateDirectory(_folder[name, id]).FullName;
            foreach ((string modality, string suffix) in Order.Zip(suffixes))
                File.Copy(item.Images[modality].Path, Path.Combine(folder, $"{id}{separator}{suffix}.nii.gz"));
            Relabeled(item, labels).Save(Path.Combine(folder, $"{id}{separator}seg.nii.gz"));
        }

        return Results(name, Directory.GetFiles(_folder[name, caseName(1)], $"*{separator}{suffixes[2]}.nii.gz").Single(), options);
    }

    private (string[] Dice, Volume<int> Prediction) LearnDecathlon(Dictionary<int, int> labels)
    {
        foreach (string part in new[] { "imagesTr", "labelsTr" })
            Directory.CreateDirectory(_folder["Task01_BrainTumour", part]);
        List<string> training = [];
        foreach ((MedicalCase item, int number) in Patients())
        {
            string file = $"BRATS_{number:000}.nii.gz";
            NiftiImage.FromVolumes([.. Order.Select(modality => NiftiImage.Load(item.Images[modality].Path).ToVolume())])
                .Save(_folder["Task01_BrainTumour", "imagesTr", file]);
            Relabeled(item, labels).Save(_folder["Task01_BrainTumour", "labelsTr", file]);
            training.Add($$"""{"image":"./imagesTr/{{file}}","label":"./labelsTr/{{file}}"}""");
        }

        File.WriteAllText(_folder["Task01_BrainTumour", "dataset.json"], $$"""
            {"name":"BRATS","tensorImageSize":"4D","modality":{"0":"FLAIR","1":"T1w","2":"t1gd","3":"T2w"},
             "labels":{"0":"background","1":"edema","2":"non-enhancing tumor","3":"enhancing tumour"},"numTraining":{{training.Count}},"numTest":0,
             "training":[{{string.Join(',', training)}}],"test":[]}
            """);
        return Results("Task01_BrainTumour", Patients().First().Item.Images[BraTSModality.T1ce].Path);
    }

    private (string[] Dice, Volume<int> Prediction) Results(string data, string image, params string[] options)
    {
        string run = _folder["runs", data], scores = _folder["runs", data + ".csv"], predicted = _folder["runs", data + ".nii.gz"];
        Run(["train", "--system", "baseline", "--data", _folder[data], "--out", run, .. Small, .. options]);
        Run(["evaluate", "--data", _folder[data], "--model", run, "--out", scores, "--threads", "1", .. options]);
        Run("predict", "--model", run, "--out", predicted, "--threads", "1", image);
        string[][] rows = [.. File.ReadAllLines(scores).Select(line => line.Split(','))];
        int dice = Array.IndexOf(rows[0], "dice");
        return ([.. rows.Select(row => row[dice])], NiftiImage.Load(predicted).ToLabels());
    }

    private IEnumerable<(MedicalCase Item, int Number)> Patients() => MedicalDataset.Open(trained.Data).Cases.Select((item, i) => (item, i + 1));

    private static NiftiImage Relabeled(MedicalCase item, Dictionary<int, int> labels)
    {
        Volume<int> reference = NiftiImage.Load(item.SegmentationPath!).ToLabels();
        return NiftiImage.FromLabels(new Volume<int>(reference.Grid, [.. reference.Voxels.Select(label => labels.GetValueOrDefault(label, label))]));
    }

    private static void Run(params string[] arguments)
    {
        Kdnet run = Kdnet.Run(arguments);
        run.ExitCode.Should().Be(0, $"{string.Join(' ', arguments)}: {run.Error}");
    }
}
