using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>
/// Arithmetic whose numbers live until torch has read them. TorchSharp makes an object of each number that its operators are given, of the 1 in
/// <c>a + b</c> too (the factor of b), and lets go of it before the native call has read it: a collection on another thread frees it, and torch reads freed
/// memory. So our code uses these instead, with the same results bit by bit.
/// </summary>
internal static class TensorArithmetic
{
    private static readonly Scalar Zero = 0, One = 1, Two = 2;

    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);

    public static Tensor Plus(this Tensor tensor, double number) => With(number, held => tensor.add(held, One));

    public static void Add(this Tensor target, Tensor other) => target.add_(other, One);

    public static Tensor Minus(this Tensor tensor, double number) => With(number, held => tensor.sub(held));

    /// <summary>1 − x.</summary>
    public static Tensor Complement(this Tensor tensor) => tensor.negative().add(One, One);

    public static Tensor Times(this Tensor tensor, double number) => With(number, held => tensor.mul(held));

    public static Tensor Over(this Tensor tensor, double number) => With(number, held => tensor.div(held));

    public static Tensor Squared(this Tensor tensor) => tensor.pow(Two);

    public static Tensor Power(this Tensor tensor, double exponent) => With(exponent, held => tensor.pow(held));

    public static Tensor IsEqualTo(this Tensor tensor, long number) => With(number, held => tensor.eq(held));

    public static Tensor IsAbove(this Tensor tensor, double number) => With(number, held => tensor.gt(held));

    public static Tensor Filled(this Tensor tensor, Tensor mask, long number) => With(number, held => tensor.masked_fill(mask, held));

    public static Tensor AtLeast(this Tensor tensor, double number) => With(number, held => tensor.clamp_min(held));

    public static Tensor AtMost(this Tensor tensor, double number) => With(number, held => tensor.clamp_max(held));

    /// <summary>Writes the leaky ReLU into the tensor itself, and returns it.</summary>
    public static Tensor LeakyReluInPlace(this Tensor tensor, double negativeSlope) => With(negativeSlope, held => tensor.leaky_relu_(held));

    /// <summary>0, 1, 2, … below a number.</summary>
    public static Tensor Count(long below, ScalarType type, Device device) => With(below, held => arange(Zero, held, One, type, device));

    private static Tensor With(Scalar number, Func<Scalar, Tensor> compute)
    {
        using Scalar held = number;
        return compute(held);
    }
}
