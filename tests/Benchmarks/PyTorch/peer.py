"""The network, losses and steps of the benchmarks as one would write them in PyTorch 1.13 to 2.11.

    python3 peer.py worker WORK SIZE,WIDTH,BATCH,THREADS    one repetition for each line "go" on the standard input, reported as our own workers do
    python3 peer.py device cuda|cpu CHECK PRECISION SIZE WIDTH CASES
                                                            what one check measures on a device, an object of JSON per line
"""
import contextlib
import ctypes
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

MODALITIES, CLASSES, LEVELS, TEMPERATURE, SMOOTH = 4, 4, 5, 5.0, 1e-5
RATE = 1e-4


class Block(nn.Sequential):
    """Two convolutions of size 3, each with instance norm and leaky ReLU."""

    def __init__(self, inputs, outputs):
        super().__init__(
            nn.Conv3d(inputs, outputs, 3, padding=1), nn.InstanceNorm3d(outputs, affine=True), nn.LeakyReLU(0.01, inplace=True),
            nn.Conv3d(outputs, outputs, 3, padding=1), nn.InstanceNorm3d(outputs, affine=True), nn.LeakyReLU(0.01, inplace=True))


class UNet(nn.Module):
    """The U-Net of the paper: the same levels, widths and layers as ours. Gives logits and bottleneck."""

    def __init__(self, inputs, width):
        super().__init__()
        self.down = nn.ModuleList(Block(inputs if level == 0 else width << (level - 1), width << level) for level in range(LEVELS))
        self.narrow = nn.ModuleList(nn.Conv3d(width << (level + 1), width << level, 1) for level in reversed(range(LEVELS - 1)))
        self.up = nn.ModuleList(Block(2 * (width << level), width << level) for level in reversed(range(LEVELS - 1)))
        self.head = nn.Conv3d(width, CLASSES, 1)

    def forward(self, image):
        skips = [self.down[0](image)]
        for block in self.down[1:]:
            skips.append(block(functional.max_pool3d(skips[-1], 2)))
        features = skips[-1]
        for narrow, block, skip in zip(self.narrow, self.up, reversed(skips[:-1])):
            larger = functional.interpolate(narrow(features), scale_factor=2, mode="trilinear", align_corners=False)
            features = block(torch.cat([larger, skip], 1))
        return self.head(features).float(), skips[-1].float()


def one_hot(labels):
    return functional.one_hot(labels, CLASSES).permute(0, 4, 1, 2, 3).float()


def dice_and_cross_entropy(probabilities, dice_target, target):
    common = 2 * (probabilities * dice_target).sum((2, 3, 4))
    whole = probabilities.sum((2, 3, 4)) + dice_target.sum((2, 3, 4))
    dice = ((common + SMOOTH) / (whole + SMOOTH))[:, 1:].mean()
    return 1 - dice + functional.binary_cross_entropy(probabilities, target)


def reference_loss(logits, labels):
    target = one_hot(labels)
    return dice_and_cross_entropy(torch.softmax(logits, 1), target, target)


def distillation_loss(logits, bottleneck, teacher_logits, teacher_bottleneck, labels):
    probabilities, target = torch.softmax(logits, 1), one_hot(labels)
    soft, hard = torch.softmax(teacher_logits / TEMPERATURE, 1), one_hot(teacher_logits.argmax(1))
    student, teacher = (torch.log_softmax(features.flatten(1), 1) for features in (bottleneck, teacher_bottleneck))
    divergence = (teacher.exp() * (teacher - student)).sum(1).mean()
    return 0.75 * dice_and_cross_entropy(probabilities, soft, hard) + 0.25 * dice_and_cross_entropy(probabilities, target, target) + 10 * divergence


def narrow_on(device, precision):
    if precision != "bfloat16":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


class Training:
    """Steps of a student with one modality that learns from a teacher's kept answers, or of a network with all modalities and no teacher."""

    def __init__(self, device, precision, width, with_teacher):
        self.device, self.precision, self.with_teacher, self.answers = device, precision, with_teacher, {}
        self.network = UNet(1 if with_teacher else MODALITIES, width).to(device).train()
        self.teacher = UNet(MODALITIES, width).to(device).eval() if with_teacher else None
        self.optimizer = torch.optim.Adam(self.network.parameters(), RATE)

    def answer(self, key, images):
        """The teacher's answer in ordinary memory, logits in half precision, as our cache keeps it."""
        if key not in self.answers:
            with torch.no_grad(), narrow_on(self.device, self.precision):
                logits, bottleneck = self.teacher(torch.cat(images, 1))
            self.answers[key] = (logits.half().cpu(), bottleneck.cpu())
        logits, bottleneck = self.answers[key]
        return logits.to(self.device, non_blocking=True).float(), bottleneck.to(self.device, non_blocking=True)

    def step(self, key, images, labels):
        images = [image.to(self.device, non_blocking=True) for image in images]
        labels = labels.to(self.device, non_blocking=True)
        taught = self.answer(key, images) if self.with_teacher else None
        self.optimizer.zero_grad(set_to_none=True)
        with narrow_on(self.device, self.precision):
            logits, bottleneck = self.network(images[1] if self.with_teacher else torch.cat(images, 1))
        loss = distillation_loss(logits, bottleneck, *taught, labels) if taught else reference_loss(logits, labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def random_cases(count, size):
    generator = torch.Generator().manual_seed(1)
    images = [torch.randn((count, 1, size, size, size), generator=generator) for _ in range(MODALITIES)]
    return images, torch.randint(CLASSES, (count, size, size, size), generator=generator)


def describe(network):
    parameters = list(network.parameters())
    return f"{len(parameters)} tensors of {sum(parameter.numel() for parameter in parameters)} parameters"


# ---- one side of a comparison, beside the workers of the benchmarks


def keep_freed_memory():
    """Has glibc keep what torch frees, as our library does: no mappings of their own, no trimming, growth by 64 MiB."""
    library = ctypes.CDLL("libc.so.6")
    for parameter, value in ((-4, 0), (-1, -1), (-2, 64 << 20)):
        library.mallopt(parameter, value)


def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(name + ":"))


def worker(work, setting):
    size, width, batch, threads = (int(number) for number in setting.split(",")[:4])
    keep_freed_memory()
    torch.set_num_threads(threads)
    device = torch.device("cpu")
    kind, _, precision = work.partition(" ")
    images, labels = random_cases(batch, size)
    if kind == "inference":
        network = UNet(MODALITIES, width).eval()

        def repeat():
            with torch.inference_mode(), narrow_on(device, precision):
                logits, _ = network(torch.cat(images, 1))
                torch.softmax(logits, 1)
    else:
        training = Training(device, precision, width, kind == "KD")
        network = training.network

        def repeat():
            training.step("same", images, labels).item()

    print("@ready", flush=True)
    while sys.stdin.readline().strip() == "go":
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        start = time.perf_counter()
        repeat()
        seconds = time.perf_counter() - start
        print(f"@result\t{seconds!r}\t{status('VmHWM'):.1f}\t0\t{describe(network)}", flush=True)


# ---- checks on a device


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def report(**values):
    print(json.dumps(values), flush=True)


def set_precision(precision):
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision != "float32"


def peak_memory(device):
    return round(torch.cuda.max_memory_allocated() / 2**20) if device.type == "cuda" else None


def timed_steps(training, images, labels, batch, device, seconds):
    """Milliseconds per step over a second or more, after as many steps that count for nothing."""
    groups = len(labels) // batch
    order = [(group, [image[group * batch:(group + 1) * batch] for image in images], labels[group * batch:(group + 1) * batch]) for group in range(groups)]
    for case in order[:10]:
        training.step(*case)
    if training.with_teacher:
        for key, some, _ in order:
            training.answer(key, [image.to(device) for image in some])
    wait(device)
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for case in order[:10]:
            loss = training.step(*case)
        steps += len(order[:10])
        loss.item()
    wait(device)
    return 1000 * (time.perf_counter() - start) / steps


def steps(device, size, width, cases, precision):
    set_precision(precision)
    for batch in (1, 4):
        images, labels = random_cases(min(cases, 10) * batch, size)
        for with_teacher in (True, False):
            # What the work before has left must not count.
            training = None
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            training = Training(device, precision, width, with_teacher)
            milliseconds = timed_steps(training, images, labels, batch, device, 1.5)
            report(
                check="steps", side="PyTorch", work="KD step" if with_teacher else "supervised step", precision=precision, batch=batch,
                milliseconds=round(milliseconds, 3), allocatedMiB=peak_memory(device), computed=describe(training.network))


def starts(length, window):
    return [*range(0, length - window, window // 2), length - window]


def window(device, size, width, cases, precision):
    """A head, all windows that overlap by half, batches of one, logits averaged."""
    set_precision(precision)
    whole, edge = ((240, 240, 155), 64) if size >= 64 else ((48, 48, 40), size)
    network = UNet(MODALITIES, width).to(device).eval()
    head = torch.randn((1, MODALITIES, *whole), generator=torch.Generator().manual_seed(1))
    for measured in (False, True):
        wait(device)
        start = time.perf_counter()
        with torch.inference_mode():
            image = head.to(device)
            total, count = torch.zeros((1, CLASSES, *whole), device=device), torch.zeros((1, 1, *whole), device=device)
            corners = [(z, y, x) for z in starts(whole[0], edge) for y in starts(whole[1], edge) for x in starts(whole[2], edge)]
            for z, y, x in corners:
                part = (..., slice(z, z + edge), slice(y, y + edge), slice(x, x + edge))
                with narrow_on(device, precision):
                    logits, _ = network(image[part])
                total[part] += logits
                count[part] += 1
            torch.softmax(total / count, 1).cpu()
        if measured:
            report(
                check="window", side="PyTorch", precision=precision, voxels="×".join(map(str, whole)), windows=len(corners),
                seconds=round(time.perf_counter() - start, 4))


def profile(device, size, width, cases, precision):
    """One KD step as PyTorch's profiler sees it: kernels, how long the device works, and how long it waits in between."""
    from torch.profiler import ProfilerActivity, profile as profiler

    set_precision(precision)
    images, labels = random_cases(1, size)
    for with_teacher in (True, False):
        training = Training(device, precision, width, with_teacher)
        for _ in range(5):
            training.step(0, images, labels)
        wait(device)
        activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
        with profiler(activities=activities) as recorded:
            start = time.perf_counter()
            training.step(0, images, labels)
            wait(device)
            milliseconds = 1000 * (time.perf_counter() - start)
        events = recorded.events()
        # A kernel has no parent among the processor's operations; copies and fills are reported among them.
        # A name given to a part of the step, such as the optimizer's, is reported beside the kernels in it.
        kernels = [event for event in events if "CUDA" in str(event.device_type)
                   and not getattr(event, "is_user_annotation", False) and not event.name.startswith("Optimizer.")]
        on_device = sorted((event.time_range.start, event.time_range.end) for event in kernels)
        gaps = sum(max(0, later[0] - earlier[1]) for earlier, later in zip(on_device, on_device[1:])) / 1000
        operations = sum(event.name.startswith("aten::") and event.cpu_parent is None for event in events)
        slowest = {}
        for event in kernels:
            slowest[event.name[:60]] = slowest.get(event.name[:60], 0) + (event.time_range.end - event.time_range.start) / 1000
        report(
            check="profile", side="PyTorch", work="KD step" if with_teacher else "supervised step", precision=precision,
            milliseconds=round(milliseconds, 3), operations=operations, kernels=len(on_device),
            busyMilliseconds=round(sum(end - start for start, end in on_device) / 1000, 3), gapMilliseconds=round(gaps, 3),
            slowest={name: round(time, 3) for name, time in sorted(slowest.items(), key=lambda item: -item[1])[:8]})


def main():
    if sys.argv[1] == "worker":
        worker(*sys.argv[2:4])
        return
    device, check, precision, size, width, cases = torch.device(sys.argv[2]), sys.argv[3], sys.argv[4], *map(int, sys.argv[5:8])
    {"steps": steps, "window": window, "profile": profile}[check](device, size, width, cases, precision)


if __name__ == "__main__":
    main()
