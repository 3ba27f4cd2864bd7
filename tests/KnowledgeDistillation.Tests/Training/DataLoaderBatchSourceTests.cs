using FluentAssertions;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.utils.data;

namespace KnowledgeDistillation.Tests.Training;

public sealed class DataLoaderBatchSourceTests : IDisposable
{
    private readonly Batch _spheres = Toy.Spheres(cases: 5);

    public void Dispose() => _spheres.Dispose();

    [Fact]
    public void Items_that_hold_each_modality_by_name_become_batches()
    {
        using var loader = new TorchSharp.Modules.DataLoader(new SphereData(_spheres, joined: false), batchSize: 2);
        Check(new DataLoaderBatchSource(loader, Toy.Modalities, "label"));
    }

    [Fact]
    public void Items_that_hold_all_modalities_as_channels_of_one_image_become_batches()
    {
        using var loader = new TorchSharp.Modules.DataLoader(new SphereData(_spheres, joined: true), batchSize: 2);
        Check(new DataLoaderBatchSource(loader, Toy.Modalities, "label", "image"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_network_learns_from_it_without_a_leak(bool joined)
    {
        using var loader = new TorchSharp.Modules.DataLoader(new SphereData(_spheres, joined), batchSize: 2, shuffle: true, seed: 1);
        var source = new DataLoaderBatchSource(loader, Toy.Modalities, "label", joined ? "image" : null);
        using UNet3D network = Toy.Teacher();
        List<long> live = [];
        var options = new TrainingOptions
        {
            Epochs = 5,
            LearningRate = 1e-2,
            Callbacks = [new ActionCallback(epoch: (_, _) => live.Add(LiveTensors.Held()))],
        };
        TrainingResult result = new SupervisedTrainer(network, Toy.Labels, options).Fit(source);
        result.Best.Training.Total.Should().BeLessThan(result.History[0].Training.Total);
        live[4].Should().Be(live[1], string.Join(", ", live));
    }

    [Fact]
    public void A_key_that_the_items_lack_or_a_wrong_number_of_channels_is_refused_by_name()
    {
        using var separate = new TorchSharp.Modules.DataLoader(new SphereData(_spheres, joined: false), batchSize: 2);
        using var joined = new TorchSharp.Modules.DataLoader(new SphereData(_spheres, joined: true), batchSize: 2);
        FluentActions.Invoking(() => new DataLoaderBatchSource(separate, ["bright", "t2"], "label").ReadEpoch(0).First())
            .Should().Throw<ArgumentException>().WithMessage("*'t2'*label, bright, faint*");
        FluentActions.Invoking(() => new DataLoaderBatchSource(separate, Toy.Modalities, "mask").ReadEpoch(0).First())
            .Should().Throw<ArgumentException>().WithMessage("*'mask'*label, bright, faint*");
        FluentActions.Invoking(() => new DataLoaderBatchSource(joined, ["bright"], "label", "image").ReadEpoch(0).First())
            .Should().Throw<ArgumentException>().WithMessage("*'image'*[2, 2, 8, 8, 8]*[N, 1, spatial...]*bright*");
    }

    private void Check(DataLoaderBatchSource source)
    {
        source.BatchCount.Should().Be(3);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            // Kept beyond the loader's own disposal of each batch.
            Batch[] batches = [.. source.ReadEpoch(epoch)];
            using var scope = NewDisposeScope();
            batches.SelectMany(batch => batch.CaseIds).Should().Equal("item 0", "item 1", "item 2", "item 3", "item 4");
            foreach (string modality in Toy.Modalities)
                cat([.. batches.Select(batch => batch.Images[modality])]).eq(_spheres.Images[modality]).all().item<bool>().Should().BeTrue();
            cat([.. batches.Select(batch => batch.Labels)]).eq(_spheres.Labels).all().item<bool>().Should().BeTrue();
            foreach (Batch batch in batches)
                batch.Dispose();
        }
    }

    private sealed class SphereData(Batch spheres, bool joined) : Dataset
    {
        public override long Count => spheres.CaseIds.Count;

        public override Dictionary<string, Tensor> GetTensor(long index)
        {
            var item = new Dictionary<string, Tensor> { ["label"] = spheres.Labels[index].to(ScalarType.Byte) };
            if (joined)
                item["image"] = cat([.. Toy.Modalities.Select(name => spheres.Images[name][index])], 0);
            else
                foreach (string name in Toy.Modalities)
                    item[name] = spheres.Images[name][index].clone();
            return item;
        }
    }
}
