using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015, algorithm 1, with L2 penalty) as TorchSharp's computes it, bit by bit, and with its files, without what TorchSharp's leaves
/// to the finalizer: seven numbers per parameter and step.
/// </summary>
/// <remarks>
/// TorchSharp wraps a number that takes part in a native call in a finalizable <see cref="Scalar"/>. Thousands of them per step keep the finalizer
/// busy, so that memory grows where it is late, and one that is collected between the making of the call and its end is used after it was freed.
/// Here numbers are made once, or twice per step, and held until the calls are done.
/// The name is that of TorchSharp's class, because it is written to files and compared when they are read.
/// </remarks>
internal sealed class Adam(IEnumerable<Parameter> parameters, double learningRate, double weightDecay)
    : TorchSharp.Modules.Adam(parameters, learningRate, weight_decay: weightDecay)
{
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
        using var numbers = new NumbersOfStep();
        foreach (Parameter parameter in group.Parameters)
        {
            using DisposeScope scope = NewDisposeScope();
            if (parameter.grad is not { } gradient)
                continue;
            var state = (State)_state[parameter.Handle];
            numbers.Set(++state.step, beta1, beta2, options.LearningRate!.Value);
            if (weightDecay != 0)
                gradient = gradient.add(parameter, Held(weightDecay));
            state.exp_avg.mul_(Held(beta1)).add_(gradient, Held(1 - beta1));
            state.exp_avg_sq.mul_(Held(beta2)).addcmul_(gradient, gradient, Held(1 - beta2));
            Tensor denominator = state.exp_avg_sq.sqrt().div_(numbers.RootOfSecondCorrection).add_(Held(options.eps!.Value), Held(1));
            parameter.addcdiv_(state.exp_avg, denominator, numbers.NegativeStepSize);
        }
    }

    private Scalar Held(double value)
    {
        if (!_held.TryGetValue(value, out Scalar? number))
            _held.Add(value, number = value);
        return number;
    }

    /// <summary>The numbers that depend on how many steps there were. Parameters have mostly had the same number, so they are made once in a step.</summary>
    private sealed class NumbersOfStep : IDisposable
    {
        private long _step;

        public Scalar RootOfSecondCorrection { get; private set; } = null!;

        public Scalar NegativeStepSize { get; private set; } = null!;

        public void Set(long step, double beta1, double beta2, double learningRate)
        {
            if (step == _step)
                return;
            Dispose();
            _step = step;
            RootOfSecondCorrection = Math.Sqrt(1 - Math.Pow(beta2, step));
            NegativeStepSize = -(learningRate / (1 - Math.Pow(beta1, step)));
        }

        public void Dispose()
        {
            if (_step == 0)
                return;
            RootOfSecondCorrection.Dispose();
            NegativeStepSize.Dispose();
        }
    }
}
