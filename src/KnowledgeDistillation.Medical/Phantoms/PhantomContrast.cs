using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Phantoms;

/// <summary>How one modality shows each tissue, with bias field, texture and noise.</summary>
internal sealed class PhantomContrast
{
    private readonly double _fluid, _gray, _white;
    private readonly double _edema, _necrosis, _rim, _lesion, _vessel;
    private readonly double _scale;
    private readonly double _bias, _noise;
    private readonly SmoothNoise _biasField, _texture, _fineTexture;
    private readonly SmoothNoise? _rimPatches;
    private readonly double _rimUnevenness;
    private readonly ulong _noiseKey;

    public PhantomContrast(string modality, ulong key, BraTSPhantomOptions options, double voxelMillimeters)
    {
        var random = new StableRandom(key);
        // Relative to white matter in T1; healthy tissue first, then edema, necrosis, enhancing rim, lesion, vessel.
        (double Fluid, double Gray, double White, double Edema, double Necrosis, double Rim, double Lesion, double Vessel) mean = modality switch
        {
            BraTSModality.T1 => (0.38, 0.76, 1, 0.88, 0.62, 0.78, 0.93, 0.8),
            BraTSModality.T1ce => (0.38, 0.76, 1, 0.88, 0.55, 1.65, 0.93, 1.65),
            BraTSModality.T2 => (1.65, 0.82, 0.6, 1.2, 1.35, 1.0, 1.0, 0.6),
            BraTSModality.Flair => (0.3, 0.85, 0.7, 1.4, 1.0, 1.2, 1.25, 0.75),
            _ => throw new ArgumentException($"There is no phantom of modality '{modality}'.", nameof(modality)),
        };
        _fluid = mean.Fluid * Jitter(0.08);
        _gray = mean.Gray * Jitter(0.03);
        _white = mean.White * Jitter(0.02);
        // From a key of its own, so that what was drawn before it existed stays.
        var scanner = new StableRandom(StableRandom.Mix(key ^ 0x5CA77E12));
        double variation = options.ScannerVariation;
        double contrast = options.TumorContrast * (1 - (0.25 * variation * scanner.NextDouble()));
        Blur = 0.5 * variation * scanner.NextDouble();
        bool t1 = modality is BraTSModality.T1 or BraTSModality.T1ce;
        double strength = random.Between(0.75, 1.2);
        _edema = Math.Max(0.1, _white + ((mean.Edema - _white) * strength * contrast * (t1 ? options.EdemaContrastInT1 : 1)));
        _necrosis = _white + ((mean.Necrosis - _white) * random.Between(0.7, 1.2) * contrast);
        if (t1)
            _necrosis = Smooth.Mix(_necrosis, _edema, options.CoreLikeEdema);
        _rim = _white + ((mean.Rim - _white) * random.Between(0.75, 1.25) * contrast);
        _lesion = _white + ((mean.Lesion - _white) * random.Between(0.6, 1.1));
        _vessel = mean.Vessel * Jitter(0.12);
        // Scanners have no common unit. From 300 on, the largest intensity needs 16 bits, the type of the BraTS files.
        _scale = random.Between(300, 900);
        _bias = options.BiasField * (1 + (variation * scanner.Between(-0.5, 0.5)));
        _noise = options.NoiseLevel * (t1 ? 1 : 0.8) * (1 + (variation * scanner.Between(-0.5, 0.5)));
        // What is uneven is the uptake of contrast agent, which other modalities do not show.
        _rimUnevenness = modality == BraTSModality.T1ce ? options.RimUnevenness : 0;
        if (_rimUnevenness > 0)
            _rimPatches = new(scanner.NextUInt64(), Math.Max(14, 2.4 * voxelMillimeters));
        _biasField = new(random.NextUInt64(), 95);
        _texture = new(random.NextUInt64(), Math.Max(9, 1.8 * voxelMillimeters));
        _fineTexture = new(random.NextUInt64(), Math.Max(4, 1.1 * voxelMillimeters));
        _noiseKey = random.NextUInt64();

        double Jitter(double deviation) => 1 + random.Between(-deviation, deviation);
    }

    /// <summary>The share of a voxel that its six neighbors have in it, from 0 to 1/2.</summary>
    public double Blur { get; }

    /// <summary>What a position of the brain shows, without bias field, noise and the scanner's unit.</summary>
    public double Signal(double x, double y, double z, Tissue healthy, TumorTissue tumor, PhantomDistractors.Share distractor)
    {
        double texture = _texture.At(x, y, z), fine = _fineTexture.At(x, y, z);
        double value = (healthy.Fluid * _fluid) + (healthy.Gray * _gray) + (healthy.White * _white);
        value = Smooth.Mix(value, _lesion, distractor.Lesion);
        value = Smooth.Mix(value, _edema, tumor.Edema * (0.85 + (0.15 * texture)));
        double rim = _rimPatches is null ? _rim : _white + ((_rim - _white) * (1 - (_rimUnevenness * (0.5 + (0.5 * _rimPatches.At(x, y, z))))));
        double core = Smooth.Mix(_necrosis * (1 + (0.1 * texture)), rim * (1 + (0.12 * fine)), tumor.Core > 0 ? tumor.Rim / tumor.Core : 0);
        value = Smooth.Mix(value, core, tumor.Core);
        value = Smooth.Mix(value, _vessel, distractor.Vessel * (1 - tumor.Core));
        return value * (1 + (0.035 * texture) + (0.025 * fine));
    }

    /// <summary>The intensity of one voxel of the brain: a whole number in 1 .. 32767.</summary>
    public float Intensity(int voxel, double x, double y, double z, double value)
    {
        value *= 1 + (_bias * _biasField.At(x, y, z));

        // Rician: the magnitude of a signal with Gaussian noise in both channels. Keyed by voxel, so that the order does not matter.
        var random = new StableRandom(_noiseKey ^ StableRandom.Mix((ulong)voxel));
        double radius = _noise * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
        double angle = Math.Tau * random.NextDouble();
        double real = value + (radius * Math.Cos(angle)), imaginary = radius * Math.Sin(angle);
        return (float)Math.Clamp(Math.Round(_scale * Math.Sqrt((real * real) + (imaginary * imaginary))), 1, short.MaxValue);
    }
}
