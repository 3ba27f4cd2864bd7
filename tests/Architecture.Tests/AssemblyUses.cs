using Mono.Cecil;
using Mono.Cecil.Cil;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>
/// What the types of one assembly use, read from its compiled code: base types, interfaces, generic arguments and constraints, fields, signatures, attributes
/// and the types that these name, locals, caught exceptions, and every instruction of every body. What the compiler makes of lambdas, iterators, local
/// functions and records is nested in the type that it comes from and counts as that type's. Constants and nameof leave nothing in compiled code, so a use of
/// these alone is not seen.
/// </summary>
internal sealed class AssemblyUses
{
    private readonly HashSet<TypeUse> _uses = [];
    private readonly List<(string Member, string Text)> _texts = [];
    private readonly string _assembly;
    private readonly string _root;

    private AssemblyUses(ModuleDefinition module, string root)
    {
        _assembly = module.Assembly.Name.Name;
        _root = root;
        foreach (TypeDefinition type in module.Types)
            AddType(type);
        References = [.. module.AssemblyReferences.Select(reference => reference.Name)];
        Namespaces = [.. module.Types.Where(type => !type.Name.StartsWith('<')).Select(NamespaceOf).Where(IsWritten).Distinct()];
    }

    /// <summary>The assemblies that it refers to.</summary>
    public IReadOnlyList<string> References { get; }

    /// <summary>Its namespaces.</summary>
    public IReadOnlyList<string> Namespaces { get; }

    /// <summary>All uses, of its own types and of others.</summary>
    public IReadOnlyCollection<TypeUse> All => _uses;

    /// <summary>The uses that cross from one of its namespaces to another; those of code generators, outside of the root, do not count.</summary>
    public IEnumerable<TypeUse> BetweenItsNamespaces =>
        _uses.Where(use => use.ToAssembly == _assembly && use.To != use.From && IsWritten(use.From) && IsWritten(use.To));

    /// <summary>The texts in its bodies, each with the member that holds it.</summary>
    public IReadOnlyList<(string Member, string Text)> Texts => _texts;

    /// <summary>Reads an assembly beside the tests.</summary>
    /// <param name="name">Its name, without extension.</param>
    /// <param name="root">The namespace of its top folder, which types outside of any namespace (a program's top-level statements) count as.</param>
    public static AssemblyUses Read(string name, string root)
    {
        using var module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, name + ".dll"));
        return new AssemblyUses(module, root);
    }

    private bool IsWritten(string name) => name == _root || name.StartsWith(_root + ".", StringComparison.Ordinal);

    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return type;
    }

    private string NamespaceOf(TypeReference type) => Outermost(type).Namespace is { Length: > 0 } name ? name : _root;

    private void AddType(TypeDefinition type)
    {
        string member = NameOf(type);
        Add(type, member, type.BaseType);
        foreach (InterfaceImplementation implemented in type.Interfaces)
            Add(type, member, implemented.InterfaceType);
        AddAttributes(type, member, type);
        AddConstraints(type, member, type);
        foreach (FieldDefinition field in type.Fields)
        {
            Add(type, $"{member}.{field.Name}", field.FieldType);
            AddAttributes(type, $"{member}.{field.Name}", field);
        }

        foreach (PropertyDefinition property in type.Properties)
            AddAttributes(type, $"{member}.{property.Name}", property);
        foreach (EventDefinition change in type.Events)
            AddAttributes(type, $"{member}.{change.Name}", change);
        foreach (MethodDefinition method in type.Methods)
            AddMethod(type, method);
        foreach (TypeDefinition nested in type.NestedTypes)
            AddType(nested);
    }

    private void AddMethod(TypeDefinition type, MethodDefinition method)
    {
        string member = $"{NameOf(type)}.{method.Name}";
        AddAttributes(type, member, method);
        AddAttributes(type, member, method.MethodReturnType);
        AddConstraints(type, member, method);
        AddSignature(type, member, method);
        foreach (ParameterDefinition parameter in method.Parameters)
            AddAttributes(type, member, parameter);
        if (!method.HasBody)
            return;
        foreach (VariableDefinition local in method.Body.Variables)
            Add(type, member, local.VariableType);
        foreach (ExceptionHandler handler in method.Body.ExceptionHandlers)
            Add(type, member, handler.CatchType);
        foreach (Instruction instruction in method.Body.Instructions)
            AddOperand(type, member, instruction.Operand);
    }

    private void AddOperand(TypeDefinition type, string member, object? operand)
    {
        switch (operand)
        {
            case TypeReference used:
                Add(type, member, used);
                break;
            case MethodReference used:
                Add(type, member, used.DeclaringType);
                AddSignature(type, member, used);
                if (used is GenericInstanceMethod generic)
                {
                    foreach (TypeReference argument in generic.GenericArguments)
                        Add(type, member, argument);
                }

                break;
            case FieldReference used:
                Add(type, member, used.DeclaringType);
                Add(type, member, used.FieldType);
                break;
            case CallSite used:
                AddSignature(type, member, used);
                break;
            case string text:
                _texts.Add((member, text));
                break;
        }
    }

    private void AddSignature(TypeDefinition type, string member, IMethodSignature method)
    {
        Add(type, member, method.ReturnType);
        foreach (ParameterDefinition parameter in method.Parameters)
            Add(type, member, parameter.ParameterType);
    }

    private void AddConstraints(TypeDefinition type, string member, IGenericParameterProvider generic)
    {
        foreach (GenericParameter parameter in generic.GenericParameters)
        {
            foreach (GenericParameterConstraint constraint in parameter.Constraints)
                Add(type, member, constraint.ConstraintType);
        }
    }

    private void AddAttributes(TypeDefinition type, string member, ICustomAttributeProvider attributed)
    {
        foreach (CustomAttribute attribute in attributed.CustomAttributes)
        {
            Add(type, member, attribute.AttributeType);
            IEnumerable<CustomAttributeArgument> named = attribute.Properties.Concat(attribute.Fields).Select(property => property.Argument);
            foreach (CustomAttributeArgument argument in attribute.ConstructorArguments.Concat(named))
                AddArgument(type, member, argument);
        }
    }

    private void AddArgument(TypeDefinition type, string member, CustomAttributeArgument argument)
    {
        Add(type, member, argument.Type);
        if (argument.Value is TypeReference used)
            Add(type, member, used);
        if (argument.Value is CustomAttributeArgument[] values)
        {
            foreach (CustomAttributeArgument value in values)
                AddArgument(type, member, value);
        }
    }

    private void Add(TypeDefinition from, string member, TypeReference? used)
    {
        switch (used)
        {
            case null or GenericParameter:
                return;
            case GenericInstanceType generic:
                foreach (TypeReference argument in generic.GenericArguments)
                    Add(from, member, argument);
                break;
            case IModifierType modified:
                Add(from, member, modified.ModifierType);
                break;
            case FunctionPointerType pointer:
                AddSignature(from, member, pointer);
                return;
        }

        if (used is TypeSpecification specification)
        {
            Add(from, member, specification.ElementType);
            return;
        }

        TypeReference outermost = Outermost(used);
        // Helpers of the compiler's own, for example the lists that it makes of collection expressions, stand in no folder.
        if (outermost.Name.StartsWith('<'))
            return;
        string assembly = outermost.Scope switch
        {
            ModuleDefinition => _assembly,
            AssemblyNameReference reference => reference.Name,
            _ => outermost.Scope.Name,
        };
        _uses.Add(new TypeUse(NamespaceOf(from), member, assembly, assembly == _assembly ? NamespaceOf(used) : outermost.Namespace, outermost.Name));
    }

    // The type that a reader finds in the source: what the compiler nests in it has no name there.
    private static string NameOf(TypeDefinition type)
    {
        string name = type.Name;
        for (TypeDefinition outer = type.DeclaringType; outer is not null; outer = outer.DeclaringType)
            name = name.StartsWith('<') ? outer.Name : $"{outer.Name}.{name}";
        return name;
    }
}
