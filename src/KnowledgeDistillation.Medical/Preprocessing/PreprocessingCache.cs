using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Keeps preprocessed cases on disk, so that they are computed once and not in each epoch. An entry is valid for one set of options
/// and the exact bytes of the source files (SHA-256): a changed option or a changed file is noticed, whatever its date and size. A
/// damaged entry (CRC-32C) is computed anew. Each set of options has its own folder; a changed source replaces its entry there.
/// </summary>
/// <remarks>Entries are written to a temporary file and moved, so that several processes may share a cache. Safe to use from several threads.</remarks>
public sealed class PreprocessingCache
{
    private readonly Preprocessor _preprocessor;
    private readonly string _folder;
    private readonly ILogger _logger;

    /// <summary>Opens a cache, or starts a new one.</summary>
    /// <param name="folder">Where the entries lie; made when the first one is written. Delete it at any time.</param>
    /// <param name="options">How cases are preprocessed.</param>
    /// <param name="logger">Receives a message for each entry that is made anew.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public PreprocessingCache(string folder, PreprocessingOptions? options = null, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _preprocessor = new Preprocessor(options);
        _folder = Path.Combine(Path.GetFullPath(folder), Convert.ToHexStringLower(Hash(_preprocessor.Options.ToKey()).AsSpan(0, 8)));
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>The options of the entries.</summary>
    public PreprocessingOptions Options => _preprocessor.Options;

    /// <summary>
    /// How many cases are preprocessed at once. Default: the number of processors, at most 4, because each needs up to half a GiB at
    /// 240×240×155.
    /// </summary>
    public int MaximumParallelism { get; init; } = Math.Min(4, Environment.ProcessorCount);

    /// <summary>Makes sure that all cases lie preprocessed on disk.</summary>
    /// <param name="cases">The cases; each needs the modalities of the options.</param>
    /// <param name="progress">Receives the number of cases done so far, from any thread.</param>
    /// <param name="cancellation">Stops between cases; what is done is kept.</param>
    /// <returns>The cases, in the given order.</returns>
    /// <exception cref="ArgumentException">A name occurs twice, or a case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">Sources are damaged; the message names each case with the reason. The others were prepared.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<CachedCase> Prepare(IReadOnlyList<ImageCase> cases, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cases);
        if (cases.GroupBy(item => item.Id, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } repeated)
            throw new ArgumentException($"The case name {repeated.Key} occurs twice.", nameof(cases));
        CachedCase[] prepared = new CachedCase[cases.Count];
        InvalidDataException?[] faults = new InvalidDataException?[cases.Count];
        int done = 0;
        ParallelWork.For(cases.Count, MaximumParallelism, i =>
        {
            try
            {
                prepared[i] = Prepare(cases[i]);
            }
            catch (InvalidDataException exception)
            {
                // The others are prepared all the same, so that one look tells all that has to be mended.
                faults[i] = exception;
            }

            progress?.Report(Interlocked.Increment(ref done));
        }, cancellation);
        InvalidDataException[] found = [.. faults.OfType<InvalidDataException>()];
        return found.Length switch
        {
            0 => prepared,
            1 => throw found[0],
            _ => throw new InvalidDataException(
                $"{found.Length} of {cases.Count} cases cannot be used.{string.Concat(found.Select(fault => $"{Environment.NewLine}  {fault.Message}"))}",
                found[0]),
        };
    }

    /// <summary>Makes sure that a case lies preprocessed on disk.</summary>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">A source is damaged; the message names the case.</exception>
    public CachedCase Prepare(ImageCase source)
    {
        ArgumentNullException.ThrowIfNull(source);
        string path = Path.Combine(_folder, source.Id + ".prep");
        string sourceKey = SourceKey(source);
        CacheEntry.Header? header = CacheEntry.ReadHeader(path);
        bool valid = header?.SourceKey == sourceKey;
        if (!valid)
        {
            if (File.Exists(path))
                _logger.LogInformation("Case {Case} changed or its cache entry is damaged: it is preprocessed anew.", source.Id);
            header = CacheEntry.Header.Of(Build(source, path, sourceKey), sourceKey);
        }

        return new CachedCase(this, source, path, sourceKey, header!, valid);
    }

    internal PreprocessedCase Build(ImageCase source, string path, string sourceKey)
    {
        PreprocessedCase result = _preprocessor.Process(source);
        CacheEntry.Write(path, result, sourceKey);
        return result;
    }

    private static byte[] Hash(string text) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text));

    private string SourceKey(ImageCase source)
    {
        Dictionary<string, string> hashes = [];
        StringBuilder key = new();
        foreach (string modality in Options.Modalities)
        {
            if (!source.Images.TryGetValue(modality, out ImageFile? image))
                throw new ArgumentException($"Case {source.Id} has no modality '{modality}'; it has: {string.Join(", ", source.Images.Keys)}.", nameof(source));
            key.Append(modality).Append(' ').Append(image.Frame).Append(' ').Append(HashOf(image.Path)).Append('\n');
        }

        key.Append("labels ").Append(source.LabelKey).Append(' ').Append(source.SegmentationPath is { } path ? HashOf(path) : "none");
        return Convert.ToHexStringLower(Hash(key.ToString()));

        string HashOf(string file)
        {
            if (!hashes.TryGetValue(file, out string? hash))
            {
                try
                {
                    using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
                    hashes.Add(file, hash = Convert.ToHexStringLower(SHA256.HashData(stream)));
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    throw new InvalidDataException($"Case {source.Id}: '{file}' cannot be read: {exception.Message}", exception);
                }
            }

            return hash;
        }
    }
}
