namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Where a header field lies and what it is made of, in version 1 and in version 2 of the format.</summary>
internal sealed record NiftiField(string Name, int Offset1, NiftiField.Kind Kind1, int Offset2, NiftiField.Kind Kind2)
{
    public enum Kind
    {
        Byte = 1,
        Int16 = 2,
        Int32 = 4,
        Int64 = 8,
        Single = 104,
        Double = 108,
    }

    public static readonly NiftiField SizeOfHeader = new("sizeof_hdr", 0, Kind.Int32, 0, Kind.Int32);
    public static readonly NiftiField DimInfo = new("dim_info", 39, Kind.Byte, 524, Kind.Byte);
    public static readonly NiftiField Dim = new("dim", 40, Kind.Int16, 16, Kind.Int64);
    public static readonly NiftiField IntentParameters = new("intent_p1", 56, Kind.Single, 80, Kind.Double);
    public static readonly NiftiField IntentCode = new("intent_code", 68, Kind.Int16, 504, Kind.Int32);
    public static readonly NiftiField DataType = new("datatype", 70, Kind.Int16, 12, Kind.Int16);
    public static readonly NiftiField BitPix = new("bitpix", 72, Kind.Int16, 14, Kind.Int16);
    public static readonly NiftiField SliceStart = new("slice_start", 74, Kind.Int16, 224, Kind.Int64);
    public static readonly NiftiField PixDim = new("pixdim", 76, Kind.Single, 104, Kind.Double);
    public static readonly NiftiField VoxOffset = new("vox_offset", 108, Kind.Single, 168, Kind.Int64);
    public static readonly NiftiField SclSlope = new("scl_slope", 112, Kind.Single, 176, Kind.Double);
    public static readonly NiftiField SclInter = new("scl_inter", 116, Kind.Single, 184, Kind.Double);
    public static readonly NiftiField SliceEnd = new("slice_end", 120, Kind.Int16, 232, Kind.Int64);
    public static readonly NiftiField SliceCode = new("slice_code", 122, Kind.Byte, 496, Kind.Int32);
    public static readonly NiftiField XyztUnits = new("xyzt_units", 123, Kind.Byte, 500, Kind.Int32);
    public static readonly NiftiField CalMax = new("cal_max", 124, Kind.Single, 192, Kind.Double);
    public static readonly NiftiField CalMin = new("cal_min", 128, Kind.Single, 200, Kind.Double);
    public static readonly NiftiField SliceDuration = new("slice_duration", 132, Kind.Single, 208, Kind.Double);
    public static readonly NiftiField TOffset = new("toffset", 136, Kind.Single, 216, Kind.Double);
    public static readonly NiftiField Descrip = new("descrip", 148, Kind.Byte, 240, Kind.Byte);
    public static readonly NiftiField AuxFile = new("aux_file", 228, Kind.Byte, 320, Kind.Byte);
    public static readonly NiftiField QformCode = new("qform_code", 252, Kind.Int16, 344, Kind.Int32);
    public static readonly NiftiField SformCode = new("sform_code", 254, Kind.Int16, 348, Kind.Int32);
    public static readonly NiftiField Quatern = new("quatern_b", 256, Kind.Single, 352, Kind.Double);
    public static readonly NiftiField QOffset = new("qoffset_x", 268, Kind.Single, 376, Kind.Double);
    public static readonly NiftiField SRow = new("srow_x", 280, Kind.Single, 400, Kind.Double);
    public static readonly NiftiField IntentName = new("intent_name", 328, Kind.Byte, 508, Kind.Byte);
    public static readonly NiftiField Magic = new("magic", 344, Kind.Byte, 4, Kind.Byte);
}
