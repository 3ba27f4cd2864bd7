using System.Text.Json;
using System.Text.Json.Nodes;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// A file in which an output folder keeps the settings of what is in it, so that work goes on with the same settings and two experiments are never mixed up.
/// </summary>
/// <param name="File">The file.</param>
/// <param name="What">What the folder holds, for example "a demo".</param>
internal sealed record RememberedSettings(string File, string What)
{
    private static readonly Lazy<JsonObject> Defaults = new(() => ExperimentSetting.Write(new ExperimentSettings()));

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private const string InitialWeights = "InitialWeights";

    private string Folder => Path.GetDirectoryName(File)!;

    /// <summary>Settings as such files hold them.</summary>
    public static JsonObject Describe(ExperimentSettings settings)
    {
        JsonObject description = ExperimentSetting.Write(settings);
        if (!settings.FoldsShareWeights)
            description[InitialWeights] = "of each fold";
        return description;
    }

    /// <summary>
    /// The settings with which work in the folder goes on: what they leave open, and what nobody could choose when it began, stays as it was then.
    /// </summary>
    public ExperimentSettings AsBegun(ExperimentSettings settings)
    {
        if (!System.IO.File.Exists(File))
            return settings;
        JsonObject before = Read();
        ExperimentSettings begun = settings with { FoldsShareWeights = !before.ContainsKey(InitialWeights) };
        foreach (ExperimentSetting setting in ExperimentSetting.All.Where(setting => setting.Former is not null && !before.ContainsKey(setting.StoredName)))
            begun = setting.Set(begun, setting.Get(begun) ?? setting.Former);
        return begun;
    }

    /// <summary>Keeps the settings of something that begins, or compares them with those that were kept.</summary>
    /// <exception cref="ExperimentException">The folder holds something else, or the same with other settings.</exception>
    public void Remember(JsonObject settings)
    {
        RefuseOthers(settings);
        // Another process may begin with the same folder at this moment.
        if (!AtomicFile.TryCreate(File, JsonFile.WithChecksum(settings, Indented)))
            RefuseOthers(settings);
    }

    /// <summary>Compares the settings with those that were kept, and writes nothing.</summary>
    /// <exception cref="ExperimentException">The folder holds something else, or the same with other settings.</exception>
    public void RefuseOthers(JsonObject settings)
    {
        if (!System.IO.File.Exists(File))
        {
            bool others = Directory.Exists(Folder)
                && Directory.EnumerateFileSystemEntries(Folder).Any(entry => !AtomicFile.IsUnfinished(entry));
            if (!System.IO.File.Exists(File))
            {
                if (others)
                    throw new ExperimentException($"'{Folder}' holds something else: choose another output folder.");
                return;
            }
        }

        JsonObject before = Read();
        string[] differences =
        [
            .. settings.Select(option => (option.Key, Was: Before(option.Key)?.ToString(), Now: option.Value?.ToString()))
                .Where(option => option.Was != option.Now && !(option.Now is null && !before.ContainsKey(option.Key)))
                .Select(option => $"{option.Key} was {option.Was} and is now {option.Now}"),
        ];
        if (differences.Length > 0)
        {
            throw new ExperimentException(
                $"'{Folder}' holds {What} with other settings: {string.Join("; ", differences)}. Choose another output folder, or delete that one.");
        }

        // A setting that did not exist yet had its default value, or what was done before there was a choice, with which it goes on where it is left open.
        JsonNode? Before(string name) => before.ContainsKey(name)
            ? before[name]
            : ExperimentSetting.All.FirstOrDefault(setting => setting.StoredName == name)?.Former?.ToString() ?? Defaults.Value[name];
    }

    private JsonObject Read()
    {
        try
        {
            return JsonFile.ReadChecked(File);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{File}' is damaged ({exception.Message}): delete its folder, or choose another.", exception);
        }
    }
}
