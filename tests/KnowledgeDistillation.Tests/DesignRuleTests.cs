using System.Reflection;
using System.Runtime.CompilerServices;
using FluentAssertions;
using KnowledgeDistillation.Networks;
using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>Rules that hold for the whole library and that no reviewer should have to watch.</summary>
public class DesignRuleTests
{
    private static readonly Assembly Library = typeof(IEncoderDecoder).Assembly;

    // Open by design: users carry more from their encoder to their decoder in types that derive from it.
    private static readonly Type[] OpenForInheritance = [typeof(EncoderOutput)];

    private const BindingFlags Everything = BindingFlags.Public
        | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Every_public_class_is_abstract_or_sealed() => Library.GetExportedTypes()
        .Where(type => type.IsClass && !type.IsAbstract && !type.IsSealed)
        .Should().Equal(OpenForInheritance);

    [Fact]
    public void Abstract_classes_are_few_and_known() => Library.GetExportedTypes()
        .Where(type => type.IsClass && type.IsAbstract && !type.IsSealed)
        .Should().BeEquivalentTo(
            [
                typeof(LabelScheme), typeof(NetworkRecipe), typeof(UShapedNetworkOptions), typeof(HeteroModalNetworkOptions),
                typeof(UShapedNetwork), typeof(HeteroModalNetwork), typeof(DecodedNetwork), typeof(StagedUNet), typeof(UNetOptions), typeof(UNet),
            ]);

    [Fact]
    public void Losses_and_trainers_are_sealed() => Library.GetTypes()
        .Where(type => type.IsClass && (type.IsAssignableTo(typeof(IDistillationLoss)) || type.IsAssignableTo(typeof(ITrainer))))
        .Should().OnlyContain(type => type.IsSealed).And.HaveCountGreaterThan(6);

    [Fact]
    public void No_field_is_public() => Library.GetExportedTypes()
        .Where(type => !type.IsEnum)
        .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
        .Where(field => !field.IsLiteral)
        .Should().BeEmpty();

    [Fact]
    public void Nothing_is_asynchronous_because_dispose_scopes_and_gradient_mode_are_bound_to_the_thread()
    {
        MethodInfo[] methods = [.. Library.GetTypes().SelectMany(type => type.GetMethods(Everything))];
        methods.Should().HaveCountGreaterThan(300);
        methods.Where(method =>
                method.GetCustomAttribute<AsyncStateMachineAttribute>() is not null
                || method.ReturnType.IsAssignableTo(typeof(Task))
                || (method.ReturnType.FullName?.StartsWith("System.Threading.Tasks.ValueTask", StringComparison.Ordinal) ?? false))
            .Should().BeEmpty();
    }

    [Fact]
    public void Options_are_records_that_cannot_be_changed()
    {
        foreach (Type options in OptionDefaultsTests.OptionTypes)
        {
            options.GetMethod("<Clone>$").Should().NotBeNull($"{options.Name} is a record");
            options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is not null)
                .Should().OnlyContain(
                    property => property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)), options.Name);
        }
    }
}
