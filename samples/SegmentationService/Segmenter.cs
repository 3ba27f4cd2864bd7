using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.OnnxRuntime;
using TorchSharp;

namespace KnowledgeDistillation.Samples.SegmentationService;

/// <summary>A trained network, run by torch or by ONNX Runtime as its file asks, and prepared and cleaned up as <c>kdnet predict</c> does.</summary>
internal sealed class Segmenter : ISegmenter
{
    private readonly IDisposable _network;
    private readonly SegmentationEnsemble _ensemble;

    private Segmenter(IDisposable network, ICasePredictor predictor)
    {
        (_network, _ensemble) = (network, new SegmentationEnsemble([("network", predictor)]));
        Spacing = PreprocessingMetadata.Read(predictor.Metadata, predictor.Modalities).Spacing;
    }

    public IReadOnlyList<string> Modalities => _ensemble.Modalities;

    public bool NeedsAllModalities => _ensemble.NeedsAllModalities;

    public LabelConvention Labels => _ensemble.Labels;

    public Spacing? Spacing { get; }

    public static ISegmenter Open(string path, int threads)
    {
        if (path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
        {
            OnnxCasePredictor exported = OnnxCasePredictor.Load(path, new OnnxNetworkOptions { Threads = threads });
            return new Segmenter(exported, exported);
        }

        SegmentationModel model = SegmentationModel.Load(path);
        // Holds for the thread that calls it.
        torch.set_num_threads(threads);
        return new Segmenter(model, new CaseSegmenter(model));
    }

    public CaseSegmentation Segment(IReadOnlyDictionary<string, Volume<float>> images, CancellationToken cancellation) =>
        _ensemble.Segment("upload", new CaseVolumes(images, null, Labels.Map), cancellation);

    public void Dispose()
    {
        _ensemble.Dispose();
        _network.Dispose();
    }
}
