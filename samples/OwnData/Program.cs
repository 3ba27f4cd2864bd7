// Trains a teacher that sees CT and MR and a student that sees CT alone, and segments the test cases. Give the raw folder of a data set as nnU-Net has it;
// without one, a made-up body is used.
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Samples.OwnData;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;

string folder = args.Length > 0 ? args[0] : CtMrFolder.Made("own-data", cases: 6);

MedicalDataset dataset = MedicalDataset.Open(folder);
CrossValidationFold fold = CrossValidation.Split(dataset.Cases)[0];
PreprocessingCache cache = new("own-cache", new()
{
    Modalities = dataset.Modalities,
    CropSize = VolumeSize.Cube(16),
    SubsamplingFactor = 1,
    Normalizations = new Dictionary<string, Normalization> { ["CT"] = Normalization.MeasureCt(fold.Training, "CT") },
});
CaseBatchSource training = new(cache.Prepare(fold.Training)), validation = new(cache.Prepare(fold.Validation), CaseBatchOptions.Evaluation);

UNet3DOptions network = new() { Modalities = dataset.Modalities, OutputChannels = dataset.Labels.Classes.Channels, BaseWidth = 8, Levels = 2 };
using var teacher = new UNet3D(network);
using var student = new UNet3D(network with { Modalities = ["CT"] });
TrainingOptions options = new() { Epochs = 10, LearningRate = 1e-2 };
new SupervisedTrainer(teacher, dataset.Labels.Classes, options).Fit(training, validation);
new DistillationTrainer(student, new FrozenTeacher(teacher), dataset.Labels.Classes, options).Fit(training, validation);

CaseSegmenter segmenter = new(new SegmentationModel(student, dataset.Labels.Classes));
foreach (MedicalCase source in fold.Test)
{
    using CasePrediction prediction = segmenter.Predict(cache.Prepare(source).Load());
    NiftiImage.Load(source.Images["CT"].Path).WithVoxels(dataset.Labels.Map.ToLabels(prediction.Geometry.NativeGrid, prediction.NativeClasses()))
        .Save($"{source.Id}.nii.gz");
    Console.WriteLine($"{source.Id}.nii.gz holds the labels {dataset.Labels}");
}
