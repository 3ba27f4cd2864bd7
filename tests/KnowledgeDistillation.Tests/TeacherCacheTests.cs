using FluentAssertions;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AttentionTransfer;
using KnowledgeDistillation.Methods.Hved;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Tests.Training;
using KnowledgeDistillation.Training;
using Xunit;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

public sealed class TeacherCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("teacher-cache").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_network_runs_once_on_each_image_and_gives_the_same_bits_ever_after()
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Teacher();
        var cache = new TeacherCache(network, new TeacherCacheOptions());
        using Batch spheres = Toy.Spheres(cases: 3);
        NetworkOutput first = cache.Forward(spheres.Images), again = cache.Forward(spheres.Images);
        cache.Computed.Should().Be(3);
        again.Logits.bytes.ToArray().Should().Equal(first.Logits.bytes.ToArray());

        // In another batch, in another order, beside a sample that is new.
        using Batch more = Toy.Spheres(cases: 1, seed: 9);
        NetworkOutput mixed = cache.Forward(new ModalityImages(spheres.Images.Names.Select(
            name => KeyValuePair.Create(name, cat([spheres.Images[name][2..3], more.Images[name], spheres.Images[name][0..1]], 0)))));
        cache.Computed.Should().Be(4);
        mixed.Logits[0].bytes.ToArray().Should().Equal(first.Logits[2].bytes.ToArray());
        mixed.Logits[2].bytes.ToArray().Should().Equal(first.Logits[0].bytes.ToArray());
        mixed.Encoding.Bottleneck[2].bytes.ToArray().Should().Equal(first.Encoding.Bottleneck[0].bytes.ToArray());
    }

    [Fact]
    public void Cached_logits_are_the_networks_to_the_precision_of_float16_and_the_bottleneck_exactly()
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Teacher();
        using Batch spheres = Toy.Spheres();
        NetworkOutput plain = new FrozenTeacher(network).Forward(spheres),
            cached = new FrozenTeacher(network, cache: new TeacherCacheOptions()).Forward(spheres);

        cached.Logits.requires_grad.Should().BeFalse();
        cached.Logits.shape.Should().Equal(plain.Logits.shape);
        Gap(cached.Logits, plain.Logits).Should().BeInRange(1e-9, 1e-3 * plain.Logits.abs().max().item<float>());
        // Each sample is computed by itself, so that its bits do not depend on the others in its batch.
        network.Module.eval();
        Tensor[] alone =
        [
            .. Enumerable.Range(0, (int)spheres.Images.BatchSize)
                .Select(sample => network.Encode(spheres.Images.Select(image => image.narrow(0, sample, 1))).Bottleneck),
        ];
        Gap(cached.Encoding.Bottleneck, cat(alone)).Should().Be(0);
        cached.Encoding.Levels.Should().HaveCount(2);
        Gap(cached.Encoding.Levels[0], plain.Encoding.Levels[0]).Should().Be(0, "other levels come from the encoder itself");
    }

    [Fact]
    public void The_students_gradients_are_the_same_with_and_without_a_cache_but_for_the_rounding_to_float16()
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Teacher(), student = Toy.Student();
        using Batch spheres = Toy.Spheres();
        Tensor[] Gradients(FrozenTeacher teacher)
        {
            var context = new DistillationContext(
                spheres,
                Toy.Labels,
                NetworkOutput.Of(student, spheres.Images),
                new Dictionary<string, NetworkOutput> { ["teacher"] = teacher.Forward(spheres) });
            student.zero_grad();
            KDNetObjective.Create().Compute(context).backward();
            return [.. student.parameters().Select(parameter => parameter.grad!.clone())];
        }

        Tensor[] plain = Gradients(new FrozenTeacher(network)), cached = Gradients(new FrozenTeacher(network, cache: new TeacherCacheOptions()));
        foreach ((Tensor one, Tensor other) in plain.Zip(cached))
            Gap(one, other).Should().BeLessThanOrEqualTo(2e-3 * plain.Max(gradient => gradient.abs().max().item<float>()));
    }

    [Fact]
    public void A_fit_with_a_loss_on_any_level_of_the_teacher_works_with_a_cache()
    {
        using UNet3D network = Toy.Teacher(), student = Toy.Student();
        using Batch spheres = Toy.Spheres();
        var objective = new WeightedObjective(
            new LossTerm("GT", 1, new ReferenceLoss()), new LossTerm("attention", 1, new AttentionTransferLoss()), new LossTerm("KL", 1, new BottleneckLoss()));
        TrainingResult Fit(TeacherCacheOptions? cache)
        {
            using UNet3D learner = Toy.Student();
            return new DistillationTrainer(learner, [new FrozenTeacher(network, cache: cache)], Toy.Labels, objective, new TrainingOptions { Epochs = 2 })
                .Fit(Toy.Source(spheres));
        }

        Fit(new TeacherCacheOptions()).History[^1].Training.Total.Should().BeApproximately(Fit(null).History[^1].Training.Total, 1e-4);
    }

    [Fact]
    public void Another_teacher_on_the_same_folder_finds_what_was_computed_and_one_with_other_weights_does_not()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 2);
        var onDisk = new TeacherCacheOptions { Folder = _folder, MemoryBytes = 0 };
        using UNet3D network = Toy.Teacher(), same = Toy.Teacher(), other = Toy.Teacher(seed: 8);
        var cache = new TeacherCache(network, onDisk);
        NetworkOutput first = cache.Forward(spheres.Images);
        cache.Forward(spheres.Images);
        cache.Computed.Should().Be(2, "what memory has no room for is on disk");

        var later = new TeacherCache(same, onDisk);
        NetworkOutput found = later.Forward(spheres.Images);
        later.Computed.Should().Be(0);
        found.Logits.bytes.ToArray().Should().Equal(first.Logits.bytes.ToArray());
        found.Encoding.Bottleneck.bytes.ToArray().Should().Equal(first.Encoding.Bottleneck.bytes.ToArray());
        found.Encoding.Levels.Should().HaveCount(2);

        var foreign = new TeacherCache(other, onDisk);
        foreign.Forward(spheres.Images);
        foreign.Computed.Should().Be(2);
    }

    [Fact]
    public void A_damaged_file_is_computed_and_written_anew()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 1);
        using UNet3D network = Toy.Teacher();
        var onDisk = new TeacherCacheOptions { Folder = _folder, MemoryBytes = 0 };
        byte[] logits = new TeacherCache(network, onDisk).Forward(spheres.Images).Logits.bytes.ToArray();
        string file = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Should().ContainSingle().Subject;
        byte[] whole = File.ReadAllBytes(file);
        int header = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(whole);
        byte[][] damages =
        [
            whole[..^5], [], "[]"u8.ToArray(), Flipped(8 + header), Flipped(whole.Length - 1), Flipped((8 + header + whole.Length) / 2),
            .. Enumerable.Range(8, header).Select(Flipped),
        ];
        foreach (byte[] damage in damages)
        {
            File.WriteAllBytes(file, damage);
            var cache = new TeacherCache(network, onDisk);
            cache.Forward(spheres.Images).Logits.bytes.ToArray().Should().Equal(logits);
            (cache.Computed == 1 || damage.AsSpan(8 + header).SequenceEqual(whole.AsSpan(8 + header))).Should().BeTrue();
            // Spaces at the end of the header are for its alignment alone.
            if (cache.Computed == 1)
                File.ReadAllBytes(file).Should().Equal(whole);
        }

        byte[] Flipped(int place)
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 1;
            return damaged;
        }
    }

    [Fact]
    public void What_an_earlier_version_kept_without_a_checksum_is_computed_again()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 1);
        using UNet3D network = Toy.Teacher();
        var onDisk = new TeacherCacheOptions { Folder = _folder, MemoryBytes = 0 };
        new TeacherCache(network, onDisk).Forward(spheres.Images);
        string file = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Should().ContainSingle().Subject;
        using (SafetensorsFile stored = SafetensorsFile.Read(file))
            SafetensorsFile.Write(file, stored.Tensors, new Dictionary<string, string> { ["levels"] = stored.Metadata["levels"] });
        var cache = new TeacherCache(network, onDisk);
        cache.Forward(spheres.Images);
        cache.Computed.Should().Be(1);
    }

    [Fact]
    public void Without_room_in_memory_and_without_a_folder_the_network_runs_each_time_with_the_same_result()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Teacher();
        long one = 8 * 8 * 8 * 2 * sizeof(short);
        long bottleneck = 4 * 4 * 4 * 4 * sizeof(float);
        var cache = new TeacherCache(network, new TeacherCacheOptions { MemoryBytes = one + bottleneck });
        byte[] first = cache.Forward(spheres.Images).Logits.bytes.ToArray();
        cache.Forward(spheres.Images).Logits.bytes.ToArray().Should().Equal(first);
        cache.Computed.Should().Be(3, "the first sample is kept, the second is not");
    }

    [Fact]
    public void A_cache_that_is_filled_ahead_is_found_by_the_fit_in_the_same_precision_only()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Teacher();
        new FrozenTeacher(network, cache: new TeacherCacheOptions { Folder = _folder }).FillCache(Toy.Source(spheres, batchSize: 2), Precision.Mixed);
        var cache = new TeacherCache(network, new TeacherCacheOptions { Folder = _folder });
        using (ComputePrecision.Use(Precision.Mixed, CPU))
            cache.Forward(spheres.Images);
        cache.Computed.Should().Be(0);
        cache.Forward(spheres.Images);
        cache.Computed.Should().Be(2);

        ((Action)(() => new FrozenTeacher(network, "expert").FillCache(Toy.Source(spheres)))).Should().Throw<InvalidOperationException>()
            .WithMessage("The teacher 'expert' has no cache to fill: give it TeacherCacheOptions.");
    }

    [Fact]
    public void A_teacher_whose_encoder_gives_more_than_features_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new HvedUNet3D(new HvedUNet3DOptions { Modalities = Toy.Modalities, OutputChannels = 2, BaseWidth = 2, Levels = 2 });
        using Batch spheres = Toy.Spheres(cases: 1);
        ((Action)(() => new FrozenTeacher(network, cache: new TeacherCacheOptions()).Forward(spheres))).Should().Throw<InvalidOperationException>()
            .WithMessage("*HvedUNet3D*cache*HvedEncoderOutput*");
    }

    [Fact]
    public void Logits_beyond_the_range_of_float16_stay_finite()
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Teacher();
        using (no_grad())
            network.get_parameter("head.weight")!.mul_(1e9);
        using Batch spheres = Toy.Spheres(cases: 1);
        Tensor logits = new FrozenTeacher(network, cache: new TeacherCacheOptions()).Forward(spheres).Logits;
        logits.abs().max().item<float>().Should().Be(65504);
    }

    [Fact]
    public void A_sample_with_an_identity_is_found_by_it_and_gives_the_bits_that_it_gives_without()
    {
        using var scope = NewDisposeScope();
        using UNet3D network = Toy.Teacher();
        using Batch spheres = Toy.Spheres(cases: 2);
        byte[] without = new FrozenTeacher(network, cache: new TeacherCacheOptions()).Forward(spheres).Logits.bytes.ToArray();
        var cache = new TeacherCache(network, new TeacherCacheOptions());
        cache.Forward(spheres.Images, ["a", "b"]).Logits.bytes.ToArray().Should().Equal(without);
        cache.Computed.Should().Be(2);

        // Voxels are not looked at: the identity is a promise about them.
        ModalityImages blank = spheres.Images.Select(image => zeros_like(image));
        cache.Forward(blank, ["a", "b"]).Logits.bytes.ToArray().Should().Equal(without);
        cache.Computed.Should().Be(2);

        cache.Forward(spheres.Images, ["a", "b flipped"]);
        cache.Computed.Should().Be(3, "another augmentation is another image");
        using (ComputePrecision.Use(Precision.Mixed, CPU))
            cache.Forward(spheres.Images, ["a", "b"]);
        cache.Computed.Should().Be(5, "another precision is another output");
        cache.Forward(spheres.Images);
        cache.Computed.Should().Be(7, "an identity and voxels never stand for each other");
    }

    [Fact]
    public void A_fit_on_batches_with_identities_is_the_fit_without_bit_by_bit()
    {
        using UNet3D network = Toy.Teacher();
        using Batch spheres = Toy.Spheres();
        byte[] Fit(IBatchSource source)
        {
            using UNet3D student = Toy.Student();
            var teacher = new FrozenTeacher(network, cache: new TeacherCacheOptions());
            new DistillationTrainer(student, teacher, Toy.Labels, new TrainingOptions { Epochs = 2 }).Fit(source);
            return Toy.Bits(student);
        }

        Fit(new IdentifiedSource(Toy.Source(spheres))).Should().Equal(Fit(Toy.Source(spheres)));
    }

    [Fact]
    public void Features_of_the_decoder_are_stored_only_where_they_are_asked_for_and_beside_what_there_was()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Teacher();
        var onDisk = new TeacherCacheOptions { Folder = _folder, MemoryBytes = 0 };
        new TeacherCache(network, onDisk).Forward(spheres.Images).DecoderFeatures.Should().BeEmpty();
        SortedDictionary<string, string> before = Toy.Files(_folder);
        before.Should().HaveCount(2);

        var cache = new TeacherCache(network, onDisk);
        NetworkOutput first = cache.Forward(spheres.Images, null, ["last"]);
        cache.Computed.Should().Be(2);
        Toy.Files(_folder).Should().HaveCount(4).And.Contain(before, "what there was stays as it was");
        NetworkOutput again = new TeacherCache(network, onDisk).Forward(spheres.Images, null, ["last"]);
        again.DecoderFeature("last").bytes.ToArray().Should().Equal(first.DecoderFeature("last").bytes.ToArray());
        Tensor computed = NetworkOutput.Of(network, spheres.Images, ["last"]).DecoderFeature("last");
        Gap(again.DecoderFeature("last"), computed).Should().BeInRange(1e-9, 1e-3 * computed.abs().max().item<float>());
        again.DecoderFeature("last").dtype.Should().Be(ScalarType.Float32);

        var later = new TeacherCache(network, onDisk);
        later.Forward(spheres.Images);
        later.Forward(spheres.Images, null, ["last"]);
        later.Computed.Should().Be(0);
        later.Forward(spheres.Images, null, ["last", "level 0"]);
        later.Computed.Should().Be(2, "'level 0' was not asked for before");
        Toy.Files(_folder).Should().HaveCount(6);

        ((Action)(() => cache.Forward(spheres.Images, null, ["first"]))).Should().Throw<ArgumentException>().WithMessage("*'first'*UNet3D*last, level 0*");
    }

    [Fact]
    public void Features_in_memory_count_towards_its_bytes()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Teacher();
        long output = (8 * 8 * 8 * 2 * sizeof(short)) + (4 * 4 * 4 * 4 * sizeof(float)), features = 8 * 8 * 8 * 2 * sizeof(short);
        var cache = new TeacherCache(network, new TeacherCacheOptions { MemoryBytes = (2 * output) + features });
        byte[] first = cache.Forward(spheres.Images, null, ["last"]).DecoderFeature("last").bytes.ToArray();
        cache.Forward(spheres.Images, null, ["last"]).DecoderFeature("last").bytes.ToArray().Should().Equal(first);
        cache.Computed.Should().BeInRange(3, 4, "not all has room");
        var roomy = new TeacherCache(network, new TeacherCacheOptions { MemoryBytes = 2 * (output + features) });
        roomy.Forward(spheres.Images, null, ["last"]);
        roomy.Forward(spheres.Images, null, ["last"]).DecoderFeature("last").bytes.ToArray().Should().Equal(first);
        roomy.Computed.Should().Be(2);
    }

    [Fact]
    public void A_damaged_file_of_features_is_computed_and_written_anew()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 1);
        using UNet3D network = Toy.Teacher();
        var onDisk = new TeacherCacheOptions { Folder = _folder, MemoryBytes = 0 };
        new TeacherCache(network, onDisk).Forward(spheres.Images);
        string[] others = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);
        byte[] features = new TeacherCache(network, onDisk).Forward(spheres.Images, null, ["last"]).DecoderFeature("last").bytes.ToArray();
        string file = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Except(others).Should().ContainSingle().Subject;
        byte[] whole = File.ReadAllBytes(file), flipped = [.. whole];
        flipped[^1] ^= 1;
        foreach (byte[] damage in (byte[][])[whole[..^5], [], "[]"u8.ToArray(), flipped])
        {
            File.WriteAllBytes(file, damage);
            var cache = new TeacherCache(network, onDisk);
            cache.Forward(spheres.Images, null, ["last"]).DecoderFeature("last").bytes.ToArray().Should().Equal(features);
            cache.Computed.Should().Be(1);
            File.ReadAllBytes(file).Should().Equal(whole);
        }
    }

    [Fact]
    public void A_cache_is_filled_ahead_with_the_features_that_the_fit_will_need()
    {
        using var scope = NewDisposeScope();
        using Batch spheres = Toy.Spheres(cases: 2);
        using UNet3D network = Toy.Teacher();
        var onDisk = new TeacherCacheOptions { Folder = _folder };
        new FrozenTeacher(network, cache: onDisk).FillCache(Toy.Source(spheres), Precision.Full, ["last"]);
        var cache = new TeacherCache(network, onDisk);
        cache.Forward(spheres.Images, null, ["last"]);
        cache.Computed.Should().Be(0);
    }

    private static double Gap(Tensor one, Tensor other) => (one - other).abs().max().item<float>();

    /// <summary>Batches whose cases are known by their names.</summary>
    private sealed class IdentifiedSource(IBatchSource inner) : IBatchSource
    {
        public int BatchCount => inner.BatchCount;

        public IEnumerable<Batch> ReadEpoch(int epoch) =>
            inner.ReadEpoch(epoch).Select(batch => new Batch(batch.Images, batch.Labels, batch.CaseIds, batch.CaseIds));
    }
}
