namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// A way in which data sets lie in folders. Implement it to open data sets of your own, and name it in <see cref="MedicalDatasetOptions.Layouts"/>;
/// checking the files, finding what labels mean, and preparing the images are the same for all layouts.
/// </summary>
public interface IDatasetLayout
{
    /// <summary>Its name, for example "nnU-Net".</summary>
    string Name { get; }

    /// <summary>What it looks for, as the end of the sentence "Expected …", for whoever opens a folder in which there is nothing.</summary>
    string Expects { get; }

    /// <summary>Lists the cases of a folder, by the names of files alone.</summary>
    /// <param name="folder">The full path of a folder that exists.</param>
    /// <returns>What was found; null where the folder has another layout.</returns>
    /// <exception cref="MedicalDatasetException">The folder has this layout, but what describes it is damaged; the message names the file.</exception>
    DatasetFiles? Find(string folder);
}
