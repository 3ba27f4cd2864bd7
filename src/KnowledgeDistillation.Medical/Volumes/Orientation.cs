namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>
/// Towards which side of the body each voxel axis runs, as three letters for x, y, z: R or L (right, left), A or P (anterior,
/// posterior), S or I (superior, inferior). "RAS" means that x grows to the patient's right, y to the front, z to the head.
/// </summary>
/// <remarks>
/// Other tools name the corner where the axes start instead, so that their "LPI" is "RAS" here; nibabel's axis codes and 3D
/// Slicer agree with this type. Immutable and safe to share between threads.
/// </remarks>
public sealed record Orientation
{
    private const string Positive = "RAS";
    private const string Negative = "LPI";

    // Which voxel axis goes to each world axis.
    private static readonly int[][] Assignments = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

    private readonly string codes;

    private Orientation(string codes) => this.codes = codes;

    /// <summary>Right, anterior, superior: the orientation of world coordinates.</summary>
    public static Orientation RAS { get; } = new("RAS");

    /// <summary>Left, posterior, superior: the orientation in which BraTS stores its volumes.</summary>
    public static Orientation LPS { get; } = new("LPS");

    /// <summary>Parses three letters, upper or lower case.</summary>
    /// <param name="codes">Such as "RAS", "LPI" or "PIL": one of R/L, one of A/P, one of S/I in any order.</param>
    /// <exception cref="FormatException">The text is not an orientation.</exception>
    public static Orientation Parse(string codes)
    {
        ArgumentNullException.ThrowIfNull(codes);
        string upper = codes.ToUpperInvariant();
        if (upper.Length != 3 || upper.Any(code => WorldAxisOf(code) < 0) || upper.Select(WorldAxisOf).Distinct().Count() != 3)
            throw new FormatException($"'{codes}' is no orientation: give three letters, one of R or L, one of A or P and one of S or I, such as RAS.");
        return new Orientation(upper);
    }

    /// <summary>
    /// The orientation of a grid: the assignment of voxel axes to world axes that is closest to the map's nearest rotation
    /// (largest sum of cosines). Grids that are tilted by less than 45° have the same orientation in nibabel.
    /// </summary>
    /// <exception cref="ArgumentException">The affine has no inverse.</exception>
    public static Orientation Of(Affine affine)
    {
        if (!affine.IsInvertible)
            throw new ArgumentException($"The affine {affine} has no orientation: its voxel axes do not span space.", nameof(affine));
        double[][] rotation = NearestRotation(affine);
        int[] closest = Assignments[0];
        foreach (int[] assignment in Assignments)
        {
            if (IsCloser(rotation, assignment, closest))
                closest = assignment;
        }
        Span<char> letters = stackalloc char[3];
        for (int world = 0; world < 3; world++)
            letters[closest[world]] = (rotation[world][closest[world]] < 0 ? Negative : Positive)[world];
        return new Orientation(new string(letters));
    }

    /// <summary>The three letters.</summary>
    public override string ToString() => codes;

    /// <summary>Which voxel axis of <paramref name="source"/> becomes each axis of this orientation, and whether it is reversed.</summary>
    internal (int Axis, bool Reversed)[] MovesFrom(Orientation source) => [.. codes.Select(code =>
    {
        int axis = source.codes.ToList().FindIndex(other => WorldAxisOf(other) == WorldAxisOf(code));
        return (axis, source.codes[axis] != code);
    })];

    private static int WorldAxisOf(char code) => Math.Max(Positive.IndexOf(code, StringComparison.Ordinal), Negative.IndexOf(code, StringComparison.Ordinal));

    // Of two assignments equally close, as at a tilt of exactly 45°, the one whose axes, once reoriented to RAS, come first in a
    // fixed order. So the choice depends on where the voxels lie and not on the order in which they are stored, and
    // reorienting there and back always ends where it began.
    private static bool IsCloser(double[][] rotation, int[] assignment, int[] than)
    {
        const double rounding = 1e-9;
        double gain = 0;
        for (int world = 0; world < 3; world++)
            gain += Math.Abs(rotation[world][assignment[world]]) - Math.Abs(rotation[world][than[world]]);
        if (Math.Abs(gain) > rounding)
            return gain > 0;
        for (int world = 0; world < 3; world++)
        {
            int signA = Math.Sign(rotation[world][assignment[world]]), signB = Math.Sign(rotation[world][than[world]]);
            for (int row = 0; row < 3; row++)
            {
                double difference = (signA * rotation[row][assignment[world]]) - (signB * rotation[row][than[world]]);
                if (Math.Abs(difference) > rounding)
                    return difference > 0;
            }
        }
        return false;
    }

    // Newton's iteration for the orthogonal factor of the polar decomposition, R ← (R + R⁻ᵀ) / 2 (Higham 1986), starting at
    // columns of unit length. It converges quadratically for every invertible map.
    private static double[][] NearestRotation(Affine affine)
    {
        (double x, double y, double z) = affine.Spacing;
        Affine current = new(
            affine.M11 / x, affine.M12 / y, affine.M13 / z, 0,
            affine.M21 / x, affine.M22 / y, affine.M23 / z, 0,
            affine.M31 / x, affine.M32 / y, affine.M33 / z, 0);
        for (int iteration = 0; iteration < 40; iteration++)
        {
            // An invertible map may pass through ones that are as good as flat.
            Affine inverse = current.InverseUnchecked();
            Affine next = new(
                (current.M11 + inverse.M11) / 2, (current.M12 + inverse.M21) / 2, (current.M13 + inverse.M31) / 2, 0,
                (current.M21 + inverse.M12) / 2, (current.M22 + inverse.M22) / 2, (current.M23 + inverse.M32) / 2, 0,
                (current.M31 + inverse.M13) / 2, (current.M32 + inverse.M23) / 2, (current.M33 + inverse.M33) / 2, 0);
            if (next == current)
                break;
            current = next;
        }
        return [[current.M11, current.M12, current.M13], [current.M21, current.M22, current.M23], [current.M31, current.M32, current.M33]];
    }
}
