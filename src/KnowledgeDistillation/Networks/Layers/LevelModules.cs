using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>
/// The modules of a network's levels, named by their number as in a <c>ModuleList</c>. One may be taken over from another network:
/// it is then held by both, stays in evaluation mode here, and is disposed with the last network that holds it.
/// </summary>
internal sealed class LevelModules<TModule> : Module
    where TModule : Module
{
    private readonly List<Level> _levels = [];
    private readonly HashSet<Level> _borrowed = [];

    public LevelModules()
        : base(nameof(LevelModules<TModule>))
    {
    }

    public TModule this[int index] => _levels[index].Module;

    public void Add(TModule module)
    {
        register_module($"{_levels.Count}", module);
        _levels.Add(new Level(module));
    }

    /// <summary>Disposes the module of a level and takes over that of another network.</summary>
    public void TakeOver(int index, LevelModules<TModule> from)
    {
        (Level own, Level other) = (_levels[index], from._levels[index]);
        if (own == other)
            return;
        other.Holders++;
        _levels[index] = other;
        _internal_submodules[$"{index}"] = other.Module;
        _borrowed.Remove(own);
        _borrowed.Add(other);
        Release(own);
    }

    public override void train(bool train = true)
    {
        base.train(train);
        // Shared with a frozen teacher, whose batch norms must not move their statistics and whose dropout must not drop.
        foreach (Level level in _borrowed)
            level.Module.eval();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Modules that another network still holds must be taken out before the modules below are disposed,
            // here or by the parent, which walks over all of them.
            ClearModules();
            foreach (Level level in _levels)
                Release(level);
            _levels.Clear();
            _borrowed.Clear();
        }

        base.Dispose(disposing);
    }

    private static void Release(Level level)
    {
        level.Holders--;
        if (level.Holders == 0)
            level.Module.Dispose();
    }

    private sealed class Level(TModule module)
    {
        public TModule Module => module;

        public int Holders { get; set; } = 1;
    }
}
