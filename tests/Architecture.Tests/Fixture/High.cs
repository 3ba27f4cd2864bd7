namespace Fixture.High;

/// <summary>What <see cref="Low.Breaches"/> must not use, and does.</summary>
internal sealed class Service
{
    public static int Count { get; set; }

    public static Service Make() => new();
}

internal sealed class Described;

internal sealed class Listed;

internal class Failure : Exception;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class NotedAttribute : Attribute;
