using System.Collections;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>What the encoders of an ensemble's members found. It has no levels of its own; asking for them throws with the reason.</summary>
internal sealed class EnsembleEncoding(IReadOnlyList<EncoderOutput> members) : EncoderOutput(new NoLevels())
{
    public IReadOnlyList<EncoderOutput> Members { get; } = members;

    public override EncoderOutput Detach() => new EnsembleEncoding([.. Members.Select(member => member.Detach())]);

    private sealed class NoLevels : IReadOnlyList<Tensor>
    {
        // The base class needs at least one level; this one is never handed out.
        public int Count => 1;

        public Tensor this[int index] => throw Missing();

        public IEnumerator<Tensor> GetEnumerator() => throw Missing();

        IEnumerator IEnumerable.GetEnumerator() => throw Missing();

        private static InvalidOperationException Missing() => new(
            "An ensemble has no bottleneck or other features to compare: those of networks that were trained apart are not aligned. "
                + "Make each member a teacher of its own and use a TeacherMeanLoss, or leave the loss out.");
    }
}
