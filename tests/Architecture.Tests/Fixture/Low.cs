using Fixture.High;

namespace Fixture.Low;

/// <summary>Uses Fixture.High in every way that leaves no trace in the signature of a method, one way per member.</summary>
internal static class Breaches
{
    public static int InABody() => Service.Count;

    public static Func<int> InALambda() => () => Service.Count;

    public static Func<int> InALambdaWithACapture(int add) => () => Service.Count + add;

    public static IEnumerable<int> InAnIterator()
    {
        yield return Service.Count;
    }

    public static int InALocalFunction()
    {
        static int Inner() => Service.Count;
        return Inner();
    }

    public static string? InALocal(object given)
    {
        var made = given as Service;
        return made?.ToString();
    }

    public static object InAGenericArgument() => Array.Empty<Listed>();

    public static string InTypeOf() => typeof(Service).Name;

    public static bool InACatch(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Failure)
        {
            return false;
        }
    }

    internal sealed class Nested
    {
        public static int InItsBody() => Service.Count;
    }
}

[System.ComponentModel.TypeConverter(typeof(Described))]
internal sealed class DescribedByAnAttribute;

[Noted]
internal sealed class Attributed;

internal sealed class WithAField
{
    private readonly List<Listed> _kept = [];

    public int Count => _kept.Count;
}

internal sealed class Constrained<T>
    where T : Exception, new()
{
    public static T Make() => new();
}

internal sealed class ConstrainedToAFailure<T>
    where T : Failure;

/// <summary>Uses its own namespace and the framework only.</summary>
internal static class Innocent
{
    public static string Name() => typeof(Breaches).Name;
}

internal sealed class WithABase : Failure;
