using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>A network that is a function of its images, and counts how often it is asked.</summary>
internal sealed class FakePredictor(LabelScheme labels, Func<PreprocessedCase, float[][]> predict) : ICasePredictor
{
    public int Calls { get; private set; }

    public IReadOnlyList<string> Modalities => ["t1ce"];

    public bool NeedsAllModalities => true;

    public LabelScheme Labels => labels;

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public float[][] Probabilities(PreprocessedCase source, CancellationToken cancellation = default)
    {
        Calls++;
        return predict(source);
    }
}
