using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015, algorithm 1, with L2 penalty) as TorchSharp's computes it, bit by bit, and with its files, without what TorchSharp's leaves
/// to the finalizer: seven numbers per parameter and step.
/// </summary>
/// <remarks>
/// TorchSharp wraps a number that takes part in a native call in a finalizable <see cref="Scalar"/>. Thousands of them per step keep the finalizer
/// busy, so that memory grows where it is late, and one that is collected between the making of the call and its end is used after it was freed.
/// Here numbers are made once, or twice per step, and held until the calls are done. All parameters are moved in one call: eight operations for each
/// would be more kernels on a GPU than the rest of a step.
/// The name is that of TorchSharp's class, because it is written to files and compared when they are read.
/// </remarks>
internal sealed class Adam(
    IEnumerable<Parameter> parameters, double learningRate, double weightDecay = 0, double beta1 = 0.9, double beta2 = 0.999)
    : TorchSharp.Modules.Adam(parameters, learningRate, beta1, beta2, weight_decay: weightDecay)
{
    // TorchSharp has no operations on lists of tensors; its scripts have. On a GPU each is a few kernels for all parameters, on a CPU the same operations one
    // tensor after the other.
    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile("""
        def update(parameters: List[Tensor], gradients: List[Tensor], averages: List[Tensor], squares: List[Tensor],
                   beta1: float, rest1: float, beta2: float, rest2: float, decay: float, epsilon: float, root: float, negative_step_size: float):
            if decay != 0:
                gradients = torch._foreach_add(gradients, parameters, alpha=decay)
            torch._foreach_mul_(averages, beta1)
            torch._foreach_add_(averages, gradients, alpha=rest1)
            torch._foreach_mul_(squares, beta2)
            torch._foreach_addcmul_(squares, gradients, gradients, rest2)
            denominators = torch._foreach_sqrt(squares)
            torch._foreach_div_(denominators, root)
            torch._foreach_add_(denominators, epsilon)
            torch._foreach_addcdiv_(parameters, averages, denominators, negative_step_size)

        """));

    private readonly Dictionary<double, Scalar> _held = [];

    public override Tensor step(Func<Tensor>? closure = null) => _step<ParamGroup>(Update, closure);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        foreach (Scalar number in _held.Values)
            number.Dispose();
        _held.Clear();
    }

    private void Update(ParamGroup group)
    {
        Options options = group.Options;
        double beta1 = options.beta1!.Value, beta2 = options.beta2!.Value, weightDecay = options.weight_decay!.Value;
        using var scope = NewDisposeScope();
        (Parameter Parameter, Tensor? Gradient, State State)[] all =
            [.. group.Parameters.Select(parameter => (parameter, parameter.grad, (State)_state[parameter.Handle]))];
        // Parameters have mostly had the same number of steps, unless one was without a gradient in some of them.
        foreach (var same in all.Where(item => item.Gradient is not null).GroupBy(item => ++item.State.step))
        {
            using Scalar root = Math.Sqrt(1 - Math.Pow(beta2, same.Key));
            using Scalar negativeStepSize = -(options.LearningRate!.Value / (1 - Math.Pow(beta1, same.Key)));
            Tensor[] parameters = [.. same.Select(item => item.Parameter)], gradients = [.. same.Select(item => item.Gradient!)];
            Tensor[] averages = [.. same.Select(item => item.State.exp_avg)], squares = [.. same.Select(item => item.State.exp_avg_sq)];
            Script.Value.invoke(
                "update",
                parameters,
                gradients,
                averages,
                squares,
                Held(beta1),
                Held(1 - beta1),
                Held(beta2),
                Held(1 - beta2),
                Held(weightDecay),
                Held(options.eps!.Value),
                root,
                negativeStepSize);
        }
    }

    private Scalar Held(double value)
    {
        if (!_held.TryGetValue(value, out Scalar? number))
            _held.Add(value, number = value);
        return number;
    }
}
