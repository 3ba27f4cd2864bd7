using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>
/// The header of a NIfTI-1 or NIfTI-2 file: every field as stored, the extensions, and the grid that they amount to.
/// </summary>
/// <remarks>Immutable and safe to share between threads. Made by <see cref="NiftiImage.Load(string)"/> and <see cref="NiftiImage.LoadHeader"/>.</remarks>
public sealed class NiftiHeader
{
    private readonly NiftiFields fields;

    internal NiftiHeader(NiftiFields fields, bool isPair, IReadOnlyList<NiftiExtension> extensions, string file)
    {
        (this.fields, IsPair, Extensions) = (fields, isPair, extensions);
        Dimensions = [.. Enumerable.Range(0, 8).Select(axis => fields.GetInteger(NiftiField.Dim, axis))];
        PixelDimensions = [.. Enumerable.Range(0, 8).Select(axis => fields.GetNumber(NiftiField.PixDim, axis))];
        IntentParameters = [.. Enumerable.Range(0, 3).Select(index => fields.GetNumber(NiftiField.IntentParameters, index))];
        DataType = (NiftiDataType)fields.GetInteger(NiftiField.DataType);
        (VolumeSize size, FrameCount) = NiftiGeometry.Sizes(Dimensions, file);
        Grid = new VolumeGrid(size, NiftiGeometry.AffineOf(this, size, file));
    }

    /// <summary>1 or 2, the version of the format.</summary>
    public int Version => fields.Version;

    /// <summary>Whether the file's numbers have their most significant byte first.</summary>
    internal bool IsBigEndian => fields.IsBigEndian;

    /// <summary>Whether header and voxels lie in two files, <c>.hdr</c> and <c>.img</c>.</summary>
    public bool IsPair { get; }

    /// <summary>The 348 (version 1) or 540 (version 2) bytes as stored, for fields that this type does not name.</summary>
    public ReadOnlyMemory<byte> Bytes => fields.Bytes;

    /// <summary>The blocks between header and voxels, in file order.</summary>
    public IReadOnlyList<NiftiExtension> Extensions { get; }

    /// <summary>The sizes of the first three dimensions (1 where absent) and the map to world coordinates in mm.</summary>
    /// <remarks>
    /// The map is the sform where its code is above 0, else the qform where its code is above 0, else voxels of the header's
    /// size with x reversed and the world's origin in the volume's center (as SPM and nibabel assume for Analyze files). Units of meters or
    /// micrometers are converted to mm.
    /// </remarks>
    public VolumeGrid Grid { get; }

    /// <summary>How many 3-D volumes the file holds: the product of dimensions 4 to 7.</summary>
    public long FrameCount { get; }

    /// <summary>How a voxel is stored (<c>datatype</c>).</summary>
    public NiftiDataType DataType { get; }

    /// <summary>Bits per voxel (<c>bitpix</c>).</summary>
    internal int BitsPerVoxel => (int)fields.GetInteger(NiftiField.BitPix);

    /// <summary>The number of dimensions, followed by the seven sizes (<c>dim</c>).</summary>
    public IReadOnlyList<long> Dimensions { get; }

    /// <summary>The sign of the qform's z axis (<c>qfac</c>), followed by the seven voxel sizes (<c>pixdim</c>).</summary>
    public IReadOnlyList<double> PixelDimensions { get; }

    /// <summary>Where the voxels begin in their file, in bytes, as stored (<c>vox_offset</c>).</summary>
    internal double VoxelOffset => fields.GetNumber(NiftiField.VoxOffset);

    /// <summary>The factor from stored to real values as stored (<c>scl_slope</c>); 0 or a value that is not finite means that there is no scaling.</summary>
    public double Slope => fields.GetNumber(NiftiField.SclSlope);

    /// <summary>What is added after the factor (<c>scl_inter</c>).</summary>
    public double Intercept => fields.GetNumber(NiftiField.SclInter);

    /// <summary>Whether real values differ from stored values.</summary>
    public bool IsScaled => Slope != 0 && double.IsFinite(Slope) && (Slope != 1 || Intercept != 0);

    /// <summary>The value that viewers show black (<c>cal_min</c>); not set where both limits are 0.</summary>
    internal double DisplayMinimum => fields.GetNumber(NiftiField.CalMin);

    /// <summary>The value that viewers show white (<c>cal_max</c>); not set where both limits are 0.</summary>
    internal double DisplayMaximum => fields.GetNumber(NiftiField.CalMax);

    /// <summary>What the voxels mean (<c>intent_code</c>), 0 where it is not stated.</summary>
    internal int IntentCode => (int)fields.GetInteger(NiftiField.IntentCode);

    /// <summary>The name of the intent (<c>intent_name</c>).</summary>
    internal string IntentName => fields.GetText(NiftiField.IntentName, 16);

    /// <summary>The three parameters of the intent (<c>intent_p1</c> to <c>intent_p3</c>).</summary>
    internal IReadOnlyList<double> IntentParameters { get; }

    /// <summary>Free text (<c>descrip</c>).</summary>
    public string Description => fields.GetText(NiftiField.Descrip, 80);

    /// <summary>The name of an auxiliary file (<c>aux_file</c>).</summary>
    internal string AuxiliaryFile => fields.GetText(NiftiField.AuxFile, 24);

    /// <summary>Units of space (bits 0-2: 1 m, 2 mm, 3 µm) and of time (bits 3-5) as stored (<c>xyzt_units</c>).</summary>
    internal int Units => (int)fields.GetInteger(NiftiField.XyztUnits);

    /// <summary>Which axes are frequency, phase and slice of the scan (<c>dim_info</c>).</summary>
    internal int DimensionInfo => (int)fields.GetInteger(NiftiField.DimInfo);

    /// <summary>The first slice of the slice timing pattern (<c>slice_start</c>).</summary>
    internal long SliceStart => fields.GetInteger(NiftiField.SliceStart);

    /// <summary>The last slice of the slice timing pattern (<c>slice_end</c>).</summary>
    internal long SliceEnd => fields.GetInteger(NiftiField.SliceEnd);

    /// <summary>The slice timing pattern (<c>slice_code</c>).</summary>
    internal int SliceCode => (int)fields.GetInteger(NiftiField.SliceCode);

    /// <summary>The time for one slice (<c>slice_duration</c>).</summary>
    internal double SliceDuration => fields.GetNumber(NiftiField.SliceDuration);

    /// <summary>The time of the first frame (<c>toffset</c>).</summary>
    internal double TimeOffset => fields.GetNumber(NiftiField.TOffset);

    /// <summary>What the qform maps to (<c>qform_code</c>): 0 none, 1 scanner, 2 another scan, 3 Talairach, 4 MNI, 5 a template.</summary>
    public int QformCode => (int)fields.GetInteger(NiftiField.QformCode);

    /// <summary>What the sform maps to (<c>sform_code</c>), with the values of <see cref="QformCode"/>.</summary>
    public int SformCode => (int)fields.GetInteger(NiftiField.SformCode);

    /// <summary>The rotation of the qform as stored (<c>quatern_b</c>, <c>quatern_c</c>, <c>quatern_d</c>).</summary>
    public (double B, double C, double D) Quaternion =>
        (fields.GetNumber(NiftiField.Quatern), fields.GetNumber(NiftiField.Quatern, 1), fields.GetNumber(NiftiField.Quatern, 2));

    /// <summary>The place of voxel (0, 0, 0) by the qform as stored (<c>qoffset_x</c>, <c>qoffset_y</c>, <c>qoffset_z</c>).</summary>
    public (double X, double Y, double Z) QuaternionOffset =>
        (fields.GetNumber(NiftiField.QOffset), fields.GetNumber(NiftiField.QOffset, 1), fields.GetNumber(NiftiField.QOffset, 2));

    /// <summary>The sform as stored, in the header's units (<c>srow_x</c>, <c>srow_y</c>, <c>srow_z</c>).</summary>
    public Affine Sform => new(
        SformElement(0), SformElement(1), SformElement(2), SformElement(3),
        SformElement(4), SformElement(5), SformElement(6), SformElement(7),
        SformElement(8), SformElement(9), SformElement(10), SformElement(11));

    /// <summary>
    /// The voxel sizes of the sform, where it places the volume and they differ from those of the header (<c>pixdim</c>) by more than a hundredth; else null.
    /// One of the two is wrong, and other programs may believe the other one.
    /// </summary>
    public Spacing? DisagreeingSpacing
    {
        get
        {
            if (SformCode <= 0)
                return null;
            Spacing sizes = Sform.Spacing;
            return Differ(sizes.X, 1) || Differ(sizes.Y, 2) || Differ(sizes.Z, 3) ? sizes : null;

            // The thickness of a single slice is often left at 0.
            bool Differ(double size, int axis) => Math.Abs(PixelDimensions[axis]) is var stored
                && (stored != 0 || Dimensions[axis] > 1) && Math.Abs(size - stored) > 0.01 * Math.Max(size, stored);
        }
    }

    internal NiftiFields CopyFields() => fields.Copy();

    private double SformElement(int index) => fields.GetNumber(NiftiField.SRow, index);
}
