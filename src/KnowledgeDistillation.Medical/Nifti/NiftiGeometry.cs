using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Sizes and affine of a header, checked, and the fields of a header for an affine.</summary>
internal static class NiftiGeometry
{
    /// <summary>The first three sizes and the product of the others.</summary>
    public static (VolumeSize Size, long Frames) Sizes(IReadOnlyList<long> dim, string file)
    {
        long rank = dim[0];
        if (rank is < 1 or > 7)
            throw new NiftiException($"{file}: the header gives {rank} dimensions where NIfTI has 1 to 7; the header is damaged, get the file again.");
        long[] sizes = [1, 1, 1, 1, 1, 1, 1];
        Int128 total = 1;
        for (int axis = 0; axis < rank; axis++)
        {
            sizes[axis] = dim[axis + 1];
            if (sizes[axis] < 1)
            {
                throw new NiftiException($"{file}: the header gives dimension {axis + 1} a size of {sizes[axis]}, which must be at least 1; "
                    + "the header is damaged, get the file again.");
            }

            total *= sizes[axis];
            if (total > long.MaxValue || (axis < 3 && total > Array.MaxLength))
            {
                throw new NiftiException($"{file}: the header gives the sizes {string.Join('×', dim.Skip(1).Take((int)rank))}, more voxels than can be held in "
                    + "memory; split the file, or get it again if these sizes are wrong.");
            }
        }
        return (new VolumeSize((int)sizes[0], (int)sizes[1], (int)sizes[2]), sizes[3] * sizes[4] * sizes[5] * sizes[6]);
    }

    /// <summary>Voxel indices to world coordinates in mm.</summary>
    public static Affine AffineOf(NiftiHeader header, VolumeSize size, string file)
    {
        (Affine affine, string source) = header switch
        {
            { SformCode: > 0 } => (header.Sform, "sform"),
            { QformCode: > 0 } => (Qform(header, size, file), "qform"),
            _ => (Fallback(header, size), "voxel size (pixdim)"),
        };
        // Bits 0-2 of xyzt_units; no unit counts as mm, as in other tools.
        double millimeters = (header.Units & 7) switch { 1 => 1000, 3 => 0.001, _ => 1 };
        affine = new Affine(
            affine.M11 * millimeters, affine.M12 * millimeters, affine.M13 * millimeters, affine.M14 * millimeters,
            affine.M21 * millimeters, affine.M22 * millimeters, affine.M23 * millimeters, affine.M24 * millimeters,
            affine.M31 * millimeters, affine.M32 * millimeters, affine.M33 * millimeters, affine.M34 * millimeters);
        return affine.IsInvertible
            ? affine
            : throw new NiftiException($"{file}: the header's {source} gives the map {affine} from voxels to the patient, "
                + "which is not finite or not invertible; correct it with a tool such as nifti_tool or fslorient.");
    }

    /// <summary>Writes an affine in mm as sform and, where its axes are perpendicular, as qform.</summary>
    public static void Write(NiftiFields fields, Affine affine)
    {
        const int aligned = 2, millimeters = 2;
        fields.Set(NiftiField.XyztUnits, millimeters);
        fields.Set(NiftiField.SformCode, aligned);
        double[] rows =
            [affine.M11, affine.M12, affine.M13, affine.M14, affine.M21, affine.M22, affine.M23, affine.M24, affine.M31, affine.M32, affine.M33, affine.M34];
        for (int index = 0; index < rows.Length; index++)
            fields.Set(NiftiField.SRow, rows[index], index);

        (double x, double y, double z) = affine.Spacing;
        double handedness = affine.Determinant < 0 ? -1 : 1;
        fields.Set(NiftiField.PixDim, handedness);
        fields.Set(NiftiField.PixDim, x, 1);
        fields.Set(NiftiField.PixDim, y, 2);
        fields.Set(NiftiField.PixDim, z, 3);
        double r11 = affine.M11 / x, r12 = affine.M12 / y, r13 = handedness * affine.M13 / z;
        double r21 = affine.M21 / x, r22 = affine.M22 / y, r23 = handedness * affine.M23 / z;
        double r31 = affine.M31 / x, r32 = affine.M32 / y, r33 = handedness * affine.M33 / z;
        double skew = Math.Max(Math.Abs((r11 * r12) + (r21 * r22) + (r31 * r32)), Math.Max(
            Math.Abs((r11 * r13) + (r21 * r23) + (r31 * r33)), Math.Abs((r12 * r13) + (r22 * r23) + (r32 * r33))));
        if (skew > 1e-4)
            return; // A sheared map has no quaternion; the sform alone says where the voxels lie.

        // The largest of the four components is found first, so that no small number is divided by.
        (double a, double b, double c, double d) = (1 + r11 + r22 + r33, 1 + r11 - r22 - r33, 1 - r11 + r22 - r33, 1 - r11 - r22 + r33);
        double largest = Math.Max(Math.Max(a, b), Math.Max(c, d));
        (a, b, c, d) = largest switch
        {
            _ when largest == a => (a, r32 - r23, r13 - r31, r21 - r12),
            _ when largest == b => (r32 - r23, b, r12 + r21, r13 + r31),
            _ when largest == c => (r13 - r31, r12 + r21, c, r23 + r32),
            _ => (r21 - r12, r13 + r31, r23 + r32, d),
        };
        // The format leaves out a, which is never negative.
        double length = (a < 0 ? -1 : 1) * Math.Sqrt((a * a) + (b * b) + (c * c) + (d * d));
        fields.Set(NiftiField.QformCode, aligned);
        fields.Set(NiftiField.Quatern, b / length);
        fields.Set(NiftiField.Quatern, c / length, 1);
        fields.Set(NiftiField.Quatern, d / length, 2);
        fields.Set(NiftiField.QOffset, affine.M14);
        fields.Set(NiftiField.QOffset, affine.M24, 1);
        fields.Set(NiftiField.QOffset, affine.M34, 2);
    }

    // "Method 2" of the standard (nifti1.h): the unit quaternion (a, b, c, d) without its a, voxel sizes in pixdim[1..3], and
    // the sign of the third axis in pixdim[0].
    private static Affine Qform(NiftiHeader header, VolumeSize size, string file)
    {
        (double b, double c, double d) = header.Quaternion;
        double a = 1 - ((b * b) + (c * c) + (d * d));
        if (!double.IsFinite(a) || a < -1e-2)
        {
            throw new NiftiException($"{file}: the header's qform quaternion ({b}, {c}, {d}) is longer than 1 or not finite, so the volume's orientation is "
                + "unknown; set the qform or sform with a tool such as nifti_tool or fslorient.");
        }

        if (a < 1e-7)
        {
            // Rounding in single precision: a half turn, whose a is 0.
            double length = Math.Sqrt((b * b) + (c * c) + (d * d));
            (a, b, c, d) = (0, b / length, c / length, d / length);
        }
        else
        {
            a = Math.Sqrt(a);
        }
        (double x, double y, double z) = VoxelSizes(header, size);
        z *= header.PixelDimensions[0] < 0 ? -1 : 1;
        (double offsetX, double offsetY, double offsetZ) = header.QuaternionOffset;
        return new Affine(
            ((a * a) + (b * b) - (c * c) - (d * d)) * x, 2 * ((b * c) - (a * d)) * y, 2 * ((b * d) + (a * c)) * z, offsetX,
            2 * ((b * c) + (a * d)) * x, ((a * a) + (c * c) - (b * b) - (d * d)) * y, 2 * ((c * d) - (a * b)) * z, offsetY,
            2 * ((b * d) - (a * c)) * x, 2 * ((c * d) + (a * b)) * y, ((a * a) + (d * d) - (c * c) - (b * b)) * z, offsetZ);
    }

    private static Affine Fallback(NiftiHeader header, VolumeSize size)
    {
        (double x, double y, double z) = VoxelSizes(header, size);
        return new Affine(-x, 0, 0, x * (size.X - 1) / 2, 0, y, 0, -y * (size.Y - 1) / 2, 0, 0, z, -z * (size.Z - 1) / 2);
    }

    private static (double X, double Y, double Z) VoxelSizes(NiftiHeader header, VolumeSize size)
    {
        return (Of(1, size.X), Of(2, size.Y), Of(3, size.Z));

        // The thickness of a single slice is often left at 0. Elsewhere 0 makes the map singular, which is refused.
        double Of(int axis, int count)
        {
            double stored = Math.Abs(header.PixelDimensions[axis]);
            return stored == 0 && count == 1 ? 1 : stored;
        }
    }
}
