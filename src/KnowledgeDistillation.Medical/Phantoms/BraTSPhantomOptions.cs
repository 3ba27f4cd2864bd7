using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>What the cases of a <see cref="BraTSPhantom"/> look like. Immutable; validated when the phantom is made.</summary>
public sealed record BraTSPhantomOptions
{
    /// <summary>The same seed gives the same cases. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Number of voxels, at least 16 along each axis. Default 48 × 48 × 48; BraTS itself has 240 × 240 × 155.</summary>
    public VolumeSize Size { get; init; } = VolumeSize.Cube(48);

    /// <summary>
    /// The size of a voxel in mm. Default (null): isotropic, and such that a life-size head fills the grid, which is 1 mm
    /// for 240 × 240 × 155. With any other spacing the head is scaled to fill the grid.
    /// </summary>
    public Spacing? Spacing { get; init; }

    /// <summary>Standard deviation of the Rician noise relative to white matter, 0 to 0.5. Default 0.04.</summary>
    public double NoiseLevel { get; init; } = 0.04;

    /// <summary>Largest relative deviation of the smooth bias field, drawn anew for each modality, 0 to 0.5. Default 0.15.</summary>
    public double BiasField { get; init; } = 0.15;

    /// <summary>Scales the difference between tumor and healthy tissue in all modalities, 0 (invisible) to 2. Default 1.</summary>
    public double TumorContrast { get; init; } = 1;

    /// <summary>
    /// Scales how far edema differs from white matter in T1 and T1ce, 0 (invisible there) to 3. Default 1, at which it is faint, as
    /// in patients: this is what a network that sees T1ce only lacks.
    /// </summary>
    public double EdemaContrastInT1 { get; init; } = 1;

    /// <summary>
    /// Scales the number of things that look like tumor in one modality and are not: vessels and choroid plexus (bright in T1ce), white
    /// matter lesions (bright in FLAIR and T2). 0 (none) to 3. Default 1.
    /// </summary>
    public double Distractors { get; init; } = 1;

    /// <summary>
    /// How far, in mm of a life-size head along each axis, the reference strays at most from the true outline of the tumor,
    /// smoothly and differently in each case; 0 to 20.
    /// Default 0, a perfect reference. Experts who outline real tumors agree to a Dice of 74 to 85 % only (Menze et al. 2015).
    /// </summary>
    public double ReferenceError { get; init; }

    /// <summary>
    /// Whether a voxel is the mean of eight positions within it, as a scan of finite resolution is, instead of what lies at its center. Default no.
    /// Images alone: the reference says what lies at the center.
    /// </summary>
    public bool PartialVolume { get; init; }

    /// <summary>
    /// How uneven the enhancing rim is in T1ce, 0 to 1: the share of its contrast that its faintest places lose, in patches that differ from case to case.
    /// Default 0.
    /// </summary>
    public double RimUnevenness { get; init; }

    /// <summary>
    /// How much the part of the core that does not enhance looks like edema in T1 and T1ce, 0 (dark) to 1 (the same). Default 0. T2 and FLAIR tell
    /// them apart all the same.
    /// </summary>
    public double CoreLikeEdema { get; init; }

    /// <summary>
    /// How much scanners differ, 0 to 1: each image of each case loses up to a quarter of its tumor's contrast, is blurred by up to half a voxel's
    /// neighbors, and has up to half more or less noise and bias. Default 0: they differ in gain and contrast of tissues alone.
    /// </summary>
    public double ScannerVariation { get; init; }

    /// <summary>Share of low-grade cases, 0 to 1. Default 0.26, that of the BraTS 2018 training set (75 of 285).</summary>
    public double LowGradeShare { get; init; } = 0.26;

    /// <summary>
    /// Share of cases without enhancing tumor, 0 to 1. Default 0.1, about that of the BraTS 2018 training set. They are low-grade
    /// cases as far as there are enough of these.
    /// </summary>
    public double NonEnhancingShare { get; init; } = 0.1;

    internal void Validate() => new OptionFaults(nameof(BraTSPhantomOptions))
        .Require(
            Size.X >= 16 && Size.Y >= 16 && Size.Z >= 16 && (Int128)Size.X * Size.Y * Size.Z <= Array.MaxLength,
            $"{nameof(Size)} must be at least 16 along each axis for a head, and no more than an array can hold, but is {Size}.")
        .Require(
            Spacing is not { } s || (Positive(s.X) && Positive(s.Y) && Positive(s.Z)),
            $"{nameof(Spacing)} must be positive and finite, but is {Spacing?.X} × {Spacing?.Y} × {Spacing?.Z} mm.")
        .Require(NoiseLevel is >= 0 and <= 0.5, $"{nameof(NoiseLevel)} must be from 0 to 0.5, but is {NoiseLevel}.")
        .Require(BiasField is >= 0 and <= 0.5, $"{nameof(BiasField)} must be from 0 to 0.5, but is {BiasField}.")
        .Require(TumorContrast is >= 0 and <= 2, $"{nameof(TumorContrast)} must be from 0 to 2, but is {TumorContrast}.")
        .Require(EdemaContrastInT1 is >= 0 and <= 3, $"{nameof(EdemaContrastInT1)} must be from 0 to 3, but is {EdemaContrastInT1}.")
        .Require(Distractors is >= 0 and <= 3, $"{nameof(Distractors)} must be from 0 to 3, but is {Distractors}.")
        .Require(ReferenceError is >= 0 and <= 20, $"{nameof(ReferenceError)} must be from 0 to 20, but is {ReferenceError}.")
        .Require(RimUnevenness is >= 0 and <= 1, $"{nameof(RimUnevenness)} must be from 0 to 1, but is {RimUnevenness}.")
        .Require(CoreLikeEdema is >= 0 and <= 1, $"{nameof(CoreLikeEdema)} must be from 0 to 1, but is {CoreLikeEdema}.")
        .Require(ScannerVariation is >= 0 and <= 1, $"{nameof(ScannerVariation)} must be from 0 to 1, but is {ScannerVariation}.")
        .Require(LowGradeShare is >= 0 and <= 1, $"{nameof(LowGradeShare)} must be from 0 to 1, but is {LowGradeShare}.")
        .Require(NonEnhancingShare is >= 0 and <= 1, $"{nameof(NonEnhancingShare)} must be from 0 to 1, but is {NonEnhancingShare}.")
        .ThrowIfAny();

    private static bool Positive(double value) => value > 0 && double.IsFinite(value);
}
