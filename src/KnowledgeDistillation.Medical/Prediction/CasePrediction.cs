using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>The output of a network for one case: probabilities on the grid on which it was trained, and the way back to the grid of the input files.</summary>
/// <remarks>Owns its tensor. Not safe for use by several threads at once.</remarks>
public sealed class CasePrediction : IDisposable
{
    private readonly LabelScheme _labels;

    internal CasePrediction(Tensor probabilities, LabelScheme labels, PreprocessingGeometry geometry) =>
        (Probabilities, _labels, Geometry) = (probabilities, labels, geometry);

    /// <summary>Probabilities [1, K, D, H, W] on the grid of the preprocessed case.</summary>
    public Tensor Probabilities { get; }

    /// <summary>How the two grids relate.</summary>
    public PreprocessingGeometry Geometry { get; }

    /// <summary>The class of each voxel of the preprocessed case (<see cref="PreprocessingGeometry.Size"/>), x fastest.</summary>
    public byte[] Classes() => Decode(Probabilities);

    /// <summary>
    /// The class of each voxel of the input files (<see cref="PreprocessingGeometry.NativeGrid"/>), x fastest: the probabilities are up-sampled
    /// trilinearly, the most probable class is taken, and the crop is pasted back; outside of it is background. Where voxels were brought to another
    /// spacing, the probabilities are interpolated at the voxels of the input files.
    /// </summary>
    public byte[] NativeClasses()
    {
        if (Geometry.Spacing is not null)
            return ProbabilityVolume.OnNativeGrid(_labels, Channels(), Geometry).Classes();
        if (Geometry.SubsamplingFactor == 1)
            return Geometry.PasteBack<byte>(Classes());
        VolumeSize size = Geometry.CropSize;
        using Tensor fine = nn.functional.interpolate(Probabilities, size: [size.Z, size.Y, size.X], mode: InterpolationMode.Trilinear, align_corners: false);
        return Geometry.PasteBack<byte>(Decode(fine));
    }

    /// <inheritdoc/>
    public void Dispose() => Probabilities.Dispose();

    /// <summary>For each channel the probability of each voxel of the preprocessed case, x fastest.</summary>
    internal float[][] Channels()
    {
        using var scope = NewDisposeScope();
        Tensor probabilities = Probabilities.cpu();
        return [.. Enumerable.Range(0, _labels.Channels).Select(channel => probabilities[0, channel].contiguous().data<float>().ToArray())];
    }

    private byte[] Decode(Tensor probabilities)
    {
        using var scope = NewDisposeScope();
        return _labels.Decode(probabilities).to(ScalarType.Byte).cpu().bytes.ToArray();
    }
}
