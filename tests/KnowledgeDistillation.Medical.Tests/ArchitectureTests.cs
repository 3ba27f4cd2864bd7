using FluentAssertions;
using KnowledgeDistillation.Medical.Volumes;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>
/// Which folder of the library may use which other, read from the compiled code: signatures, attributes, and the bodies of methods and lambdas.
/// </summary>
public sealed class ArchitectureTests : IDisposable
{
    private const string Root = "KnowledgeDistillation.Medical";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Volumes"] = [],
        ["Nifti"] = ["Volumes"],
        ["Preprocessing"] = ["Nifti", "Volumes"],
        ["Augmentation"] = ["Preprocessing", "Volumes"],
        ["Datasets"] = ["Augmentation", "Preprocessing", "Nifti", "Volumes"],
        ["BraTS"] = ["Datasets", "Preprocessing", "Nifti", "Volumes"],
        ["Decathlon"] = ["BraTS", "Datasets", "Preprocessing"],
        ["NnUNet"] = ["BraTS", "Datasets", "Preprocessing", "Nifti", "Volumes"],
        ["Phantoms"] = ["BraTS", "Datasets", "Preprocessing", "Nifti", "Volumes"],
        ["Prediction"] = ["Datasets", "Preprocessing", "Volumes"],
    };

    private readonly ModuleDefinition _library = ModuleDefinition.ReadModule(typeof(VolumeGrid).Assembly.Location);
    private readonly ModuleDefinition _core = ModuleDefinition.ReadModule(typeof(Batch).Assembly.Location);

    public void Dispose()
    {
        _library.Dispose();
        _core.Dispose();
    }

    [Fact]
    public void Each_folder_uses_only_those_below_it()
    {
        string[] folders = [.. _library.GetTypes().Select(FolderOf).OfType<string>().Distinct().Order()];
        folders.Should().BeEquivalentTo(Allowed.Keys, "a new folder needs a place in the order");
        string[] wrong =
        [
            .. _library.GetTypes().SelectMany(type => UsedBy(type)
                .Where(used => FolderOf(used) is { } folder && folder != FolderOf(type) && !Allowed[FolderOf(type)!].Contains(folder))
                .Select(used => $"{type.FullName} uses {used.FullName}")).Distinct().Order(),
        ];
        wrong.Should().BeEmpty();
    }

    [Theory]
    [InlineData("Volumes")]
    [InlineData("Nifti")]
    [InlineData("Preprocessing")]
    [InlineData("Augmentation")]
    [InlineData("Datasets")]
    [InlineData("Prediction")]
    public void No_name_of_a_general_folder_speaks_of_one_challenge(string folder)
    {
        string[] names =
        [
            .. _library.GetTypes().Where(type => FolderOf(type) == folder && !type.Name.StartsWith('<'))
                .SelectMany(type => type.Methods.Where(method => method.IsPublic).SelectMany(method => (string[])
                    [method.FullName, .. method.Parameters.Select(parameter => parameter.Name)])),
        ];
        names.Should().NotBeEmpty().And.NotContain(name => name.Contains("brats", StringComparison.OrdinalIgnoreCase)
            || name.Contains("tumor", StringComparison.OrdinalIgnoreCase) || name.Contains("grade", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("Volumes")]
    [InlineData("Nifti")]
    [InlineData("Preprocessing")]
    [InlineData("Augmentation")]
    public void Torch_need_not_be_loaded(string folder)
    {
        // With all types of the core that are used on the way.
        Dictionary<string, TypeDefinition> core = _core.GetTypes().ToDictionary(type => type.FullName);
        HashSet<string> seen = [];
        Queue<TypeDefinition> open = new(_library.GetTypes().Where(type => FolderOf(type) == folder));
        open.Should().NotBeEmpty();
        List<string> torch = [];
        while (open.TryDequeue(out TypeDefinition? type))
        {
            foreach (TypeReference used in UsedBy(type))
            {
                if (used.Scope.Name.StartsWith("TorchSharp", StringComparison.Ordinal))
                    torch.Add($"{type.FullName} uses {used.FullName}");
                if (core.TryGetValue(used.FullName, out TypeDefinition? next) && seen.Add(used.FullName))
                    open.Enqueue(next);
            }
        }

        torch.Should().BeEmpty();
    }

    // The folder of a type, or of the type in which it is nested: lambdas and iterators are nested types too.
    private static string? FolderOf(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type.Namespace.StartsWith(Root + ".", StringComparison.Ordinal) ? type.Namespace[(Root.Length + 1)..] : null;
    }

    private static IEnumerable<TypeReference> UsedBy(TypeDefinition type)
    {
        IEnumerable<TypeReference?> used =
        [
            type.BaseType,
            .. type.Interfaces.Select(item => item.InterfaceType),
            .. type.Fields.Select(field => field.FieldType),
            .. Attributes(type),
            .. type.Fields.SelectMany(Attributes),
            .. type.Properties.SelectMany(Attributes),
            .. type.GenericParameters.SelectMany(Constraints),
            .. type.Methods.SelectMany(OfMethod),
        ];
        return used.OfType<TypeReference>().SelectMany(Parts);
    }

    private static IEnumerable<TypeReference?> OfMethod(MethodDefinition method) =>
    [
        method.ReturnType,
        .. method.Parameters.Select(parameter => parameter.ParameterType),
        .. Attributes(method),
        .. method.GenericParameters.SelectMany(Constraints),
        .. method.HasBody ? OfBody(method.Body) : [],
    ];

    private static IEnumerable<TypeReference?> OfBody(MethodBody body) =>
    [
        .. body.Variables.Select(variable => variable.VariableType),
        .. body.ExceptionHandlers.Select(handler => handler.CatchType),
        .. body.Instructions.SelectMany(OfInstruction),
    ];

    private static IEnumerable<TypeReference?> OfInstruction(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        MethodReference method =>
        [
            method.DeclaringType,
            method.ReturnType,
            .. method.Parameters.Select(parameter => parameter.ParameterType),
            .. method is GenericInstanceMethod generic ? generic.GenericArguments : [],
        ],
        _ => [],
    };

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider provider) => provider.CustomAttributes.Select(item => item.AttributeType);

    private static IEnumerable<TypeReference> Constraints(GenericParameter parameter) => parameter.Constraints.Select(item => item.ConstraintType);

    // A list of cases is a list and cases; an array of cases is cases.
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Prepend(generic.ElementType),
        GenericParameter => [],
        TypeSpecification wrapped => Parts(wrapped.ElementType),
        _ => [type],
    };
}
