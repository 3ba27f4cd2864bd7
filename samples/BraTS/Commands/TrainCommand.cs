
namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>`kdnet train`: one network on a BraTS data set.</summary>
internal sealed class TrainCommand : ExplainedCommand
{
    public TrainCommand(CommandServices services)
        : base("train", "Trains the teacher, the baseline or the student.",
            """
            Trains the teacher, the baseline or the student on a BraTS data set.

            The defaults are the paper's: 500 epochs at 64³, width 30, three folds of which the first is left for the test. Give the same --seed, --folds and --fold to all three, so that nobody learns from the test cases.

            Examples:
              kdnet train teacher  --data BraTS2018 --out runs/teacher  --cache runs/cache
              kdnet train baseline --data BraTS2018 --out runs/baseline --cache runs/cache
              kdnet train student  --data BraTS2018 --out runs/student  --cache runs/cache --teacher runs/teacher
              kdnet train student  --data BraTS2018 --out runs/student  --cache runs/cache --teacher runs/teacher --resume
            """)
    {
        Add(new TrainNetworkCommand(services, NetworkRole.Teacher, "Trains the network that sees all four modalities."));
        Add(new TrainNetworkCommand(services, NetworkRole.Baseline, "Trains the network that sees one modality and gets no help."));
        Add(new TrainNetworkCommand(services, NetworkRole.Student, "Trains the network that sees one modality, with the help of the teacher."));
    }
}
