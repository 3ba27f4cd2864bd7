using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Runs;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>Writes what a part of a reproduction has come to.</summary>
internal static class ReproductionPublication
{
    /// <summary>Writes the tables of all that is done by now, by this process and by others.</summary>
    public static ReproductionState PublishTables(this ReproductionPart part)
    {
        ReproductionState state = part.Read();
        ResultsCsv.Write(part.Folder.Results, ReproductionResults.Of([state], sharesCases: part.Dataset is not null));
        return state;
    }

    /// <summary>Writes tables and report of all that is done by now.</summary>
    public static ReproductionState PublishReport(
        this ReproductionPart part,
        Device device,
        TimeSpan claimLimit,
        IExperimentDisplay display,
        CancellationToken cancellation)
    {
        ReproductionState state = part.PublishTables();
        ReproductionReport.Write(
            ReproductionResults.Of([state], sharesCases: part.Dataset is not null),
            part.Folder.Path,
            ReproductionPictures.OfCheckpoints(
                (id, fold) => part.Prepare(fold, claimLimit, display, cancellation).Cached[id].Load(), device));
        return state;
    }
}
