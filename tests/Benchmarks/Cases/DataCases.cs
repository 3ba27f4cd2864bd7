using KnowledgeDistillation.Benchmarks.Data;
using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Benchmarks.Plain;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>From files to batches.</summary>
internal static class DataCases
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        new("preprocessing", "one case, five files of 240×240×155 voxels to 64³", Preprocess, PreprocessPlainly)
        {
            Targets = [new Target("preprocessing one case, all cores", Measure.Value, 0.15)],
            Repetitions = 15,
            WarmUp = 5,
        },
        new("epoch from the cache", "how long a trainer waits for batches that are read and flipped, in percent of the epoch", OurEpoch, PlainEpoch)
        {
            Unit = "%",
            Targets = [new Target("waiting for batches from the cache", Measure.Value, 1)],
            WarmUp = 1,
            Repetitions = 5,
        },
    ];

    private static void Preprocess(Gate gate, Setting setting)
    {
        MedicalCase item = HeadData.Find(setting);
        Preprocessor preprocessor = new();
        double[] Means()
        {
            PreprocessedCase result = preprocessor.Process(item);
            return [.. BraTSModality.All.Select(name => result.Images[name].Average(value => (double)value)), result.Classes!.Average(value => value)];
        }

        gate.Computed = Digest.Of(Means());
        gate.Repeat(() => preprocessor.Process(item));
    }

    private static void PreprocessPlainly(Gate gate, Setting setting)
    {
        MedicalCase item = HeadData.Find(setting);
        gate.Computed = Digest.Of(PlainPreprocessing.Means(item));
        gate.Repeat(() => PlainPreprocessing.Means(item));
    }

    /// <summary>An epoch of batches without a network: by our source, which reads ahead, or one that does not.</summary>
    public static Workload Reading(int count, bool readAhead) => (gate, setting) => WithCachedCases(setting, cases: count, cached =>
    {
        IBatchSource source = readAhead ? new CaseBatchSource(cached) : new SynchronousBatchSource(cached);
        int epoch = 0;
        gate.Repeat(() =>
        {
            foreach (Batch batch in source.ReadEpoch(epoch++))
                batch.Dispose();
        });
    });

    private static void OurEpoch(Gate gate, Setting setting) => Epoch(gate, setting, cases => new CaseBatchSource(cases));

    private static void PlainEpoch(Gate gate, Setting setting) => Epoch(gate, setting, cases => new SynchronousBatchSource(cases));

    private static void Epoch(Gate gate, Setting setting, Func<IReadOnlyList<CachedCase>, IBatchSource> makeSource) =>
        WithCachedCases(setting, cases: 4, cached =>
        {
            using UNet3D network = OurWay.Network(setting.Width, RandomCase.Modalities);
            OurWay way = new();
            var epochs = new GatedEpochs(gate, makeSource(cached)) { Reports = epoch => 100 * epoch.SecondsWaiting / epoch.Seconds };
            epochs.Run(way.Supervised(network, way.Training(epochs)));
        });

    private static void WithCachedCases(Setting setting, int cases, Action<IReadOnlyList<CachedCase>> work)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"kd-benchmarks-cache-{Guid.NewGuid():N}");
        try
        {
            work(new PreprocessingCache(folder).Prepare(HeadData.Phantoms(setting, cases)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
