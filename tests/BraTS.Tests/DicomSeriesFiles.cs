using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>Writes a volume as a series of MR images in DICOM (explicit lengths, little-endian), one file per slice, with a made-up patient in each.</summary>
internal static class DicomSeriesFiles
{
    public const string PatientName = "Doe^Jane", PatientId = "PID-4711", BirthDate = "19610213";

    private const string MRImageStorage = "1.2.840.10008.5.1.4.1.1.4", ExplicitLittleEndian = "1.2.840.10008.1.2.1", Root = "1.2.826.0.1.3680043.8.498.1";

    public static void Write(Volume<float> volume, string folder, int series, string description)
    {
        Directory.CreateDirectory(folder);
        // DICOM's axes run to the left, to the back and up.
        Volume<float> image = volume.ReorientTo(Orientation.LPS);
        VolumeGrid grid = image.Grid;
        for (int slice = 0; slice < grid.Size.Z; slice++)
            File.WriteAllBytes(Path.Combine(folder, $"IM{slice:000}"), SliceOf(image, slice, series, description));
    }

    private static byte[] SliceOf(Volume<float> image, int slice, int series, string description)
    {
        VolumeGrid grid = image.Grid;
        string instance = $"{Root}.{series}.{slice + 1}";
        (double x, double y, double z) = grid.Affine.Apply(0, 0, slice);
        byte[] pixels = new byte[grid.Size.X * grid.Size.Y * 2];
        for (int row = 0, at = 0; row < grid.Size.Y; row++)
        {
            for (int column = 0; column < grid.Size.X; column++, at += 2)
                BinaryPrimitives.WriteInt16LittleEndian(pixels.AsSpan(at), (short)image[column, row, slice]);
        }

        byte[] meta =
            [.. Text(0x0002, 0x0002, "UI", MRImageStorage), .. Text(0x0002, 0x0003, "UI", instance), .. Text(0x0002, 0x0010, "UI", ExplicitLittleEndian)];
        return
        [
            .. new byte[128], .. "DICM"u8, .. Element(0x0002, 0x0000, "UL", BitConverter.GetBytes(meta.Length)), .. meta,
            .. Text(0x0008, 0x0008, "CS", @"ORIGINAL\PRIMARY"), .. Text(0x0008, 0x0016, "UI", MRImageStorage), .. Text(0x0008, 0x0018, "UI", instance),
            .. Text(0x0008, 0x0020, "DA", "20240102"), .. Text(0x0008, 0x0030, "TM", $"1200{series:00}"), .. Text(0x0008, 0x0060, "CS", "MR"),
            .. Text(0x0008, 0x0070, "LO", "Made up"), .. Text(0x0008, 0x103E, "LO", description),
            .. Text(0x0010, 0x0010, "PN", PatientName), .. Text(0x0010, 0x0020, "LO", PatientId), .. Text(0x0010, 0x0030, "DA", BirthDate),
            .. Text(0x0018, 0x0050, "DS", Number(grid.Spacing.Z)), .. Text(0x0018, 0x0088, "DS", Number(grid.Spacing.Z)),
            .. Text(0x0020, 0x000D, "UI", $"{Root}.9"), .. Text(0x0020, 0x000E, "UI", $"{Root}.{series}"), .. Text(0x0020, 0x0010, "SH", PatientId),
            .. Text(0x0020, 0x0011, "IS", Number(series)), .. Text(0x0020, 0x0013, "IS", Number(slice + 1)),
            .. Text(0x0020, 0x0032, "DS", $@"{Number(-x)}\{Number(-y)}\{Number(z)}"), .. Text(0x0020, 0x0037, "DS", @"1\0\0\0\1\0"),
            .. Text(0x0020, 0x0052, "UI", $"{Root}.8"), .. Text(0x0020, 0x4000, "LT", $"{PatientName} moved"),
            .. Short(0x0028, 0x0002, 1), .. Text(0x0028, 0x0004, "CS", "MONOCHROME2"),
            .. Short(0x0028, 0x0010, grid.Size.Y), .. Short(0x0028, 0x0011, grid.Size.X),
            .. Text(0x0028, 0x0030, "DS", $@"{Number(grid.Spacing.Y)}\{Number(grid.Spacing.X)}"),
            .. Short(0x0028, 0x0100, 16), .. Short(0x0028, 0x0101, 16), .. Short(0x0028, 0x0102, 15), .. Short(0x0028, 0x0103, 1),
            .. Element(0x7FE0, 0x0010, "OW", pixels),
        ];
    }

    private static string Number(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);

    private static byte[] Short(ushort group, ushort element, int value) => Element(group, element, "US", BitConverter.GetBytes((ushort)value));

    private static byte[] Text(ushort group, ushort element, string kind, string text)
    {
        byte[] value = Encoding.ASCII.GetBytes(text);
        return Element(group, element, kind, value.Length % 2 == 0 ? value : [.. value, kind == "UI" ? (byte)0 : (byte)' ']);
    }

    // Tag, kind of value, length, value; of long kinds the length has four bytes after two empty ones.
    private static byte[] Element(ushort group, ushort element, string kind, byte[] value) =>
    [
        .. BitConverter.GetBytes(group), .. BitConverter.GetBytes(element), .. Encoding.ASCII.GetBytes(kind),
        .. kind == "OW" ? [0, 0, .. BitConverter.GetBytes(value.Length)] : BitConverter.GetBytes((ushort)value.Length), .. value,
    ];
}
