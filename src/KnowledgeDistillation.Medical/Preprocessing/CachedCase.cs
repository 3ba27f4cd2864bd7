namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>A case that lies preprocessed on disk.</summary>
/// <remarks>Immutable and safe to use from several threads.</remarks>
public sealed class CachedCase
{
    private readonly PreprocessingCache _cache;
    private readonly string _path;
    private readonly string _sourceKey;

    internal CachedCase(PreprocessingCache cache, ImageCase source, string path, string sourceKey, CacheEntry.Header header, bool wasCached) =>
        (_cache, Source, _path, _sourceKey, Geometry, Foreground, HasClasses, WasCached, Backgrounds) = (
            cache, source, path, sourceKey, header.Geometry, header.ForegroundVoxels, header.Foreground is not null, wasCached,
            header.Backgrounds ?? []);

    /// <summary>The case from which it was made.</summary>
    public ImageCase Source { get; }

    /// <summary>The name of the case.</summary>
    public string Id => Source.Id;

    /// <summary>The geometry, known without loading the voxels.</summary>
    public PreprocessingGeometry Geometry { get; }

    /// <summary>What the crop costs; null where the case has no segmentation.</summary>
    public ForegroundVoxels? Foreground { get; }

    /// <summary>Whether the case has a segmentation.</summary>
    public bool HasClasses { get; }

    /// <summary>Whether a usable entry was there, so that nothing had to be computed.</summary>
    public bool WasCached { get; }

    /// <summary>The images whose background is not 0, as in <see cref="PreprocessedCase.Backgrounds"/>.</summary>
    public IReadOnlyDictionary<string, float> Backgrounds { get; }

    /// <summary>A digest of the bytes of the source files and of what their labels mean.</summary>
    internal string SourceKey => _sourceKey;

    /// <summary>Determines the voxels: the name of the folder is a digest of the options, and the key one of the source.</summary>
    internal string ContentId => $"{System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(_path))} {_sourceKey}";

    /// <summary>Reads the voxels. A damaged or deleted entry is made anew.</summary>
    /// <exception cref="InvalidDataException">The entry has to be made anew, and the source is damaged by now.</exception>
    public PreprocessedCase Load() => Load(new ArrayRecycler());

    /// <summary>The file of the entry.</summary>
    internal string Path => _path;

    /// <summary>Makes the entry anew.</summary>
    internal void Rebuild() => _cache.Build(Source, _path, _sourceKey);

    internal PreprocessedCase Load(ArrayRecycler arrays) => CacheEntry.Read(_path, Id, _sourceKey, arrays) ?? _cache.Build(Source, _path, _sourceKey);
}
