using System.Globalization;
using System.Security.Cryptography;
using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Files that nibabel wrote, and files collected from five NIfTI readers, against the values that nibabel 5.0.0 reads from them.</summary>
public sealed class NiftiConformanceTests
{
    internal static readonly GoldenData Data = new("nifti", "data", "nifti-conformance");

    private static readonly Lazy<Dictionary<string, Dictionary<string, string>>> Rows = new(ReadRows);

    private static readonly Dictionary<string, NiftiDataType> TypesOfUnreadableFiles = new()
    {
        ["own/refused/rgb24.nii"] = NiftiDataType.Rgb24,
        ["own/refused/rgba32.nii"] = NiftiDataType.Rgba32,
        ["own/refused/complex64.nii"] = NiftiDataType.Complex64,
        ["own/refused/complex128.nii"] = NiftiDataType.Complex128,
        ["own/refused/float128.nii"] = NiftiDataType.Float128,
        ["own/refused/half-of-a-pair.hdr"] = NiftiDataType.Int16,
        ["own/refused/cut-off.nii"] = NiftiDataType.Int16,
        ["own/refused/matrix.dscalar.nii"] = NiftiDataType.Float32,
        ["shared/nifti-rs/rgb/3D.nii"] = NiftiDataType.Rgb24,
        ["shared/nifti-rs/rgba/4D.nii"] = NiftiDataType.Rgba32,
        ["shared/nifti-rs/complex/complex64.nii"] = NiftiDataType.Complex128,
        ["shared/nibabel/nifti1.hdr"] = NiftiDataType.Int16,
        ["shared/nibabel/row_major.dconn.nii"] = NiftiDataType.Float32,
    };

    public static TheoryData<string> Paths => Named(Rows.Value.Keys);

    public static TheoryData<string> UnreadableFiles => Named(TypesOfUnreadableFiles.Keys);

    public static TheoryData<string> Sources => [.. Data.Sources];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Each_file_reads_as_the_reference_says_or_is_refused_by_name(string path)
    {
        string file = Data.PathOf(path);
        Dictionary<string, string> expected = Rows.Value[path];

        bool refused = expected["note"].StartsWith("refused:", StringComparison.Ordinal)
            || expected["note"].Contains("nibabel:", StringComparison.Ordinal)
            || expected["nibabel_dtype"].StartsWith("complex", StringComparison.Ordinal)
            || expected["nibabel_dtype"].StartsWith('[');
        if (refused)
        {
            FluentActions.Invoking(() => NiftiImage.Load(file)).Should().Throw<NiftiException>().WithMessage($"*{Path.GetFileNameWithoutExtension(path)}*; *");
            return;
        }

        NiftiImage image = NiftiImage.Load(file);
        HeaderShouldBe(image.Header, expected);
        HeaderShouldBe(NiftiImage.LoadHeader(file), expected);
        long[] shape = Numbers<long>(expected["shape"]);
        new[] { (long)image.Grid.Size.X, image.Grid.Size.Y, image.Grid.Size.Z, image.FrameCount }.Should().Equal(
            At(shape, 0), At(shape, 1), At(shape, 2), shape.Skip(3).Aggregate(1L, (product, size) => product * size));
        image.Grid.Orientation.ToString().Should().Be(expected["axcodes"]);
        Convert.ToHexStringLower(SHA256.HashData(image.RawVoxels)).Should().Be(expected["sha256_of_voxels"]);

        (double least, double greatest, double sum) = (double.MaxValue, double.MinValue, 0);
        for (int frame = 0; frame < image.FrameCount; frame++)
        {
            // The table leaves out voxels that are not finite (resampled_anat_moved.nii has 153 NaN), which a reader keeps.
            foreach (float value in image.ToVolume(frame).Voxels)
            {
                if (float.IsFinite(value))
                    (least, greatest, sum) = (Math.Min(least, value), Math.Max(greatest, value), sum + value);
            }
        }
        ShouldBeClose(least, Number(expected["data_min"]));
        ShouldBeClose(greatest, Number(expected["data_max"]));
        ShouldBeClose(sum, Number(expected["data_sum"]));

        // Our own files are small enough for a table of all that is in them.
        path.StartsWith(GoldenData.Own, StringComparison.Ordinal).Should().Be(expected.ContainsKey("voxels"));
        if (expected.TryGetValue("voxels", out string? voxels))
        {
            Enumerable.Range(0, image.FrameCount).SelectMany(frame => image.ToVolume(frame).Voxels).Should().Equal(
                Numbers<double>(voxels), (actual, exact) => actual == (float)exact || (float.IsNaN(actual) && double.IsNaN(exact)));
            Affine affine = image.Grid.Affine;
            new[]
            {
                affine.M11, affine.M12, affine.M13, affine.M14, affine.M21, affine.M22, affine.M23, affine.M24, affine.M31, affine.M32, affine.M33, affine.M34,
            }.Should().Equal(Numbers<double>(expected["affine"]), (actual, exact) => Math.Abs(actual - exact) <= 1e-6 * Math.Max(1, Math.Abs(exact)));
        }
    }

    [Theory]
    [MemberData(nameof(UnreadableFiles))]
    public void A_header_can_be_inspected_although_the_voxels_cannot_be_read(string path)
    {
        string file = Data.PathOf(path);

        FluentActions.Invoking(() => NiftiImage.Load(file)).Should().Throw<NiftiException>();
        NiftiImage.LoadHeader(file).DataType.Should().Be(TypesOfUnreadableFiles[path]);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void All_files_of_one_volume_in_all_orientations_are_the_same_after_reorientation(string source)
    {
        (string path, int count) = source == GoldenData.Own ? ("own/orientations", 48) : ("shared/niivue/tests/images/nifti_space", 47);
        string folder = Data.PathOf(path);
        string[] files = Directory.GetFiles(folder, "*.nii.gz");
        Volume<float> reference = NiftiImage.Load(Path.Combine(folder, "RAS.nii.gz")).ToVolume();

        files.Should().HaveCount(count);
        foreach (string file in files)
        {
            Volume<float> stored = NiftiImage.Load(file).ToVolume();
            Volume<float> reoriented = stored.ReorientTo(Orientation.RAS);

            stored.Grid.Orientation.ToString().Should().Be(Path.GetFileName(file)[..3]);
            reoriented.Grid.CoincidesWith(reference.Grid, 1e-4).Should().BeTrue($"{reoriented.Grid} in {file} should be {reference.Grid}");
            reoriented.Voxels.AsSpan().SequenceEqual(reference.Voxels).Should().BeTrue($"the voxels of {file} should be those of RAS.nii.gz");
            reoriented.ReorientTo(stored.Grid.Orientation).Voxels.AsSpan().SequenceEqual(stored.Voxels).Should().BeTrue();
        }
    }

    private static void HeaderShouldBe(NiftiHeader header, Dictionary<string, string> expected)
    {
        header.Version.Should().Be(expected["kind"].StartsWith("nifti2", StringComparison.Ordinal) ? 2 : 1);
        header.IsPair.Should().Be(expected["kind"].EndsWith("pair", StringComparison.Ordinal));
        header.IsBigEndian.Should().Be(expected["endian"] == "big");
        header.Dimensions.Should().Equal(Numbers<long>(expected["dim"]));
        ((int)header.DataType).ToString(CultureInfo.InvariantCulture).Should().Be(expected["datatype"]);
        header.BitsPerVoxel.ToString(CultureInfo.InvariantCulture).Should().Be(expected["bitpix"]);
        // The table gives voxel sizes with five decimals.
        header.PixelDimensions.Should().Equal(
            Numbers<double>(expected["pixdim"]), (actual, rounded) => Math.Abs(actual - rounded) <= 1e-5 * Math.Max(1, Math.Abs(rounded)));
        header.VoxelOffset.Should().Be(Number(expected["vox_offset"]));
        header.Slope.Should().Be(Number(expected["scl_slope"]));
        header.Intercept.Should().Be(Number(expected["scl_inter"]));
        header.QformCode.ToString(CultureInfo.InvariantCulture).Should().Be(expected["qform_code"]);
        header.SformCode.ToString(CultureInfo.InvariantCulture).Should().Be(expected["sform_code"]);
        header.IntentCode.ToString(CultureInfo.InvariantCulture).Should().Be(expected["intent_code"]);
        string codes = string.Join(", ", header.Extensions.Select(extension => extension.Code));
        expected["extensions"].Should().EndWith($"n={header.Extensions.Count} codes=[{codes}]");
    }

    private static TheoryData<string> Named(IEnumerable<string> paths)
    {
        IEnumerable<string> Of(string source) =>
            paths.Where(path => path.StartsWith($"{source}/", StringComparison.Ordinal)).Select(path => path[(source.Length + 1)..]);
        return [.. Data.Rows(Of(GoldenData.Own), Of(GoldenData.Shared))];
    }

    private static Dictionary<string, Dictionary<string, string>> ReadRows()
    {
        Dictionary<string, Dictionary<string, string>> rows = [];
        foreach (string source in Data.PresentSources)
        {
            string[][] lines = [.. File.ReadLines(Data.PathOf($"{source}/expected.tsv")).Select(line => line.Split('\t'))];
            foreach (string[] line in lines.Skip(1))
            {
                IEnumerable<string> cells = line.Concat(Enumerable.Repeat("", lines[0].Length));
                rows.Add($"{source}/{line[0]}", lines[0].Zip(cells).ToDictionary(cell => cell.First, cell => cell.Second));
            }
        }
        return rows;
    }

    private static long At(long[] shape, int axis) => axis < shape.Length ? shape[axis] : 1;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static T[] Numbers<T>(string tuple) where T : IParsable<T> =>
    [
        .. tuple.Trim('(', ')').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(number => T.Parse(number, CultureInfo.InvariantCulture)),
    ];

    private static void ShouldBeClose(double actual, double expected) => actual.Should().BeApproximately(expected, 1e-6 * Math.Max(1, Math.Abs(expected)));
}
