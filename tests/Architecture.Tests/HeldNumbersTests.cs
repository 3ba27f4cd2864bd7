using FluentAssertions;
using Mono.Cecil;
using Xunit;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>
/// TorchSharp makes an object of each number that an operator is given and does not keep it alive during the native call, so a collection on another thread
/// may free it. Our code holds its numbers instead: in <c>TensorArithmetic</c>, or for a whole step in <c>Adam</c>.
/// </summary>
public sealed class HeldNumbersTests
{
    private static readonly string[] Holders = ["KnowledgeDistillation.Runtime.TensorArithmetic", "KnowledgeDistillation.Runtime.Adam"];

    private static readonly HashSet<string> LeavesNumberToCollector = FindInTorchSharp();

    [Theory]
    [InlineData("KnowledgeDistillation")]
    [InlineData("KnowledgeDistillation.Medical")]
    [InlineData("KnowledgeDistillation.Experiments")]
    [InlineData("KnowledgeDistillation.Mpi")]
    public void No_code_hands_torch_a_number_that_nothing_holds(string package)
    {
        // What a static field holds lives on.
        var offenders =
            from type in ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, $"{package}.dll")).GetTypes()
            where !Holders.Contains(type.FullName)
            from method in type.Methods
            where method.HasBody && method.Name != ".cctor"
            from called in Called(method)
            where MakesNumber(called) || LeavesNumberToCollector.Contains(called.FullName)
            select $"{type.FullName}.{method.Name} calls {called.FullName}";

        offenders.Distinct().Should().BeEmpty("TensorArithmetic does the same with a number that is held");
    }

    [Fact]
    public void The_operators_of_TorchSharp_that_do_so_are_found()
    {
        const string tensor = "TorchSharp.torch/Tensor";
        LeavesNumberToCollector.Should().Contain(
        [
            $"{tensor} {tensor}::op_Addition({tensor},{tensor})", $"{tensor} {tensor}::op_Multiply({tensor},System.Double)", $"{tensor} {tensor}::square()",
        ]).And.NotContain($"{tensor} {tensor}::op_Multiply({tensor},{tensor})");
    }

    private static HashSet<string> FindInTorchSharp()
    {
        MethodDefinition[] methods =
        [
            .. ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, "TorchSharp.dll")).GetTypes()
                .SelectMany(type => type.Methods).Where(method => method.HasBody),
        ];
        HashSet<string> found = [.. methods.Where(method => Called(method).Any(MakesNumber)).Select(method => method.FullName)];
        int before;
        do
        {
            before = found.Count;
            found.UnionWith(methods.Where(method => Called(method).Any(called => found.Contains(called.FullName))).Select(method => method.FullName));
        }
        while (found.Count > before);

        return found;
    }

    private static bool MakesNumber(MethodReference method) =>
        method.Name == "ToScalar" || (method.DeclaringType.FullName == "TorchSharp.Scalar" && method.Name is "op_Implicit" or ".ctor");

    private static IEnumerable<MethodReference> Called(MethodDefinition method) =>
        method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>();
}
