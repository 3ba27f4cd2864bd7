using FluentAssertions;
using Mono.Cecil;
using Xunit;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>
/// Whatever a user may begin with checks first that torch loads, so that a missing library is explained in one sentence, and so that glibc keeps freed memory.
/// </summary>
public sealed class RuntimeCheckTests
{
    private const string Runtime = "KnowledgeDistillation.Runtime.TorchRuntime", Module = "TorchSharp.torch/nn/Module";

    private static readonly ModuleDefinition Core = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, "KnowledgeDistillation.dll"));

    public static TheoryData<string> Doors() =>
    [
        .. Core.Types.Where(type => type is { IsPublic: true, IsAbstract: false, IsClass: true } && (IsModule(type) || IsDoor(type)))
            .Select(type => type.FullName),
    ];

    [Theory]
    [MemberData(nameof(Doors))]
    public void Every_door_into_the_library_checks_that_torch_loads(string name)
    {
        TypeDefinition type = Core.GetType(name);

        Constructors(type).Should().OnlyContain(constructor => Checks(constructor), $"{name} is built before anything else");
    }

    [Fact]
    public void Static_doors_check_it_too() => Core.GetType("KnowledgeDistillation.Inference.SegmentationModel").Methods
        .Where(method => method is { IsPublic: true, IsStatic: true } && method.Name == "Load").Should().NotBeEmpty().And.OnlyContain(method => Checks(method));

    [Fact]
    public void The_doors_are_found() => Doors().Count.Should().BeGreaterThan(8);

    private static IEnumerable<MethodDefinition> Constructors(TypeDefinition type) =>
        type.Methods.Where(method => method is { IsConstructor: true, IsStatic: false, IsPublic: true });

    // In its own body, or in that of the constructor of this type or its base that it begins with.
    private static bool Checks(MethodDefinition method) => method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>()
        .Any(called => called.DeclaringType.FullName == Runtime
            || (called.Name == ".ctor" && called.FullName != method.FullName && IsOwnOrBase(called.DeclaringType, method.DeclaringType)
                && called.Resolve() is { HasBody: true } inner && inner.Module == Core && Checks(inner)));

    private static bool IsOwnOrBase(TypeReference type, TypeDefinition derived) =>
        type.FullName == derived.FullName || derived.BaseType?.FullName == type.FullName;

    private static bool IsModule(TypeDefinition? type) =>
        type?.BaseType is { } parent && (parent.FullName.StartsWith(Module, StringComparison.Ordinal) || IsModule(parent.Resolve()));

    private static bool IsDoor(TypeDefinition type) => type.Name is "SegmentationModel" or "FrozenTeacher";
}
