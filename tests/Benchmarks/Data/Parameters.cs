using System.Globalization;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Benchmarks.Data;

/// <summary>Shows that both sides have the same network.</summary>
internal static class Parameters
{
    public static string Describe(nn.Module network) =>
        string.Create(
            CultureInfo.InvariantCulture, $"{network.parameters().Count()} tensors of {network.parameters().Sum(parameter => parameter.numel())} parameters");
}
