using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.OnnxRuntime;

(string model, string images, string results) = (args[0], args[1], args[2]);
using OnnxCasePredictor network = OnnxCasePredictor.Load(model);
using SegmentationEnsemble segmenter = new([(model, network)], new PredictionOptions { Mirrors = false });
PredictionInputs inputs = PredictionInputs.Find([images], segmenter);
foreach (PredictionRow row in FolderPrediction.Run(segmenter, inputs.Cases, inputs.NameResults(results, [images])))
    Console.WriteLine($"{row.Id}: {row.Result ?? row.Error}");
