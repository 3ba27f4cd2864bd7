using System.Text.Json;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// The distance between the images that an <see cref="IReconstructingNetwork"/> makes and those of the batch: the reconstruction terms of U-HVED (Dorent et al.
/// 2019) and of Chen et al. (2019), and what a generator of a missing modality is trained with.
/// </summary>
/// <remarks>
/// Averaged over voxels, channels, samples and modalities, so it does not grow with the volume. Modalities that the batch does not hold are left out.
/// </remarks>
public sealed class ReconstructionLoss : IDistillationLoss
{
    private readonly ReconstructionOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">The distance; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public ReconstructionLoss(ReconstructionOptions? options = null)
    {
        _options = options ?? new ReconstructionOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The student makes no images, or none of a modality of the batch.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Student.Network is not IReconstructingNetwork network)
        {
            throw new ArgumentException(
                $"The reconstruction loss needs a network that makes images ({nameof(IReconstructingNetwork)}), "
                    + $"but {context.Student.Network.GetType().Name} makes none.",
                nameof(context));
        }

        return Compute(network.Reconstruct(context.Student.Encoding), context.Batch.Images);
    }

    /// <summary>Computes the loss from images, for a training loop of your own.</summary>
    /// <param name="reconstructed">The images that a network made.</param>
    /// <param name="images">The images that there are; at least one of a modality that was made.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">There is no modality in common, or the shapes differ.</exception>
    public Tensor Compute(ModalityImages reconstructed, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(reconstructed);
        ArgumentNullException.ThrowIfNull(images);
        Tensor[] distances = [.. reconstructed.Names.Where(images.Contains).Select(name => Distance(reconstructed[name], images[name], name))];
        return distances.Length > 0
            ? stack(distances).mean()
            : throw new ArgumentException(
                $"The network makes images of {string.Join(", ", reconstructed.Names)}, but the batch holds only: {string.Join(", ", images.Names)}.",
                nameof(images));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ReconstructionLoss)} {JsonSerializer.Serialize(_options)}";

    private Tensor Distance(Tensor made, Tensor image, string name)
    {
        LossShapes.RequireSame(made, $"image of {name} that the network made", image, "image of the batch");
        Tensor difference = made - image;
        return (_options.Distance == ReconstructionDistance.Absolute ? difference.abs() : difference.Squared()).mean();
    }
}
