namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>How the methods of other papers compare a student with the reference.</summary>
public enum ReferenceChoice
{
    /// <summary>By KD-Net's L_GT (Dice and binary cross-entropy), so that students differ only in what they learn from the teacher.</summary>
    KDNet,

    /// <summary>As in the paper of each method: by cross-entropy alone.</summary>
    Paper,
}
