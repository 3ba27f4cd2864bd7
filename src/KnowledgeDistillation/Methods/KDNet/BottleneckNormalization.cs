namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>How a bottleneck becomes a distribution: what the paper calls "flattened and normalized".</summary>
public enum BottleneckNormalization
{
    /// <summary>
    /// Softmax over all elements of a sample. The default: features after a leaky ReLU are signed, so that a plain division by the sum gives no distribution.
    /// </summary>
    Softmax,

    /// <summary>Absolute values divided by their sum.</summary>
    AbsoluteSum,

    /// <summary>Softmax over the positions of each channel; the divergence is averaged over the channels.</summary>
    ChannelSoftmax,
}
