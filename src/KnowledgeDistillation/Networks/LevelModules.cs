using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>The modules of a network's levels, named by their number as in a <c>ModuleList</c>.</summary>
internal sealed class LevelModules<TModule> : Module
    where TModule : Module
{
    private readonly List<TModule> _modules = [];

    public LevelModules()
        : base(nameof(LevelModules<TModule>))
    {
    }

    public TModule this[int index] => _modules[index];

    public void Add(TModule module)
    {
        register_module($"{_modules.Count}", module);
        _modules.Add(module);
    }
}
