#!/usr/bin/env python3
"""Makes losses/manifest.json: equations 1 to 5 of the KD-Net paper on tiny scenes, in float64, with gradients by PyTorch's autograd.

Written from the equations and from the documentation of the options, not from the C# code. Needs PyTorch only:

    apt-get install python3-torch && /usr/bin/python3 make_losses.py
"""

import torch
from torch import logsumexp

from golden import rounded, write_json

DIGITS = 12
LABELS = (0, 1, 2, 4)  # as BraTS stores them: background, necrosis, edema, enhancing tumor
REGIONS = ((1, 2, 4), (1, 4), (4,))  # whole tumor, tumor core, enhancing tumor

# The defaults of the library, which are the paper's where the paper says.
DEFAULTS = dict(
    T=5.0, student_T=1.0, scale_by_squared_T=False, soft_cross_entropy=False,
    dice="linear", dice_eps=1e-5, dice_include_background=False, dice_whole_batch=False,
    batch="mean", norm="softmax", lam=0.75, alpha=10.0)

OPTIONS = {
    "defaults": {},
    "T1": dict(T=1.0),
    "T20": dict(T=20.0),
    "student_T": dict(student_T=5.0),
    "student_T_scaled": dict(T=3.0, student_T=3.0, scale_by_squared_T=True),
    "scaled": dict(scale_by_squared_T=True),
    "soft_cross_entropy": dict(soft_cross_entropy=True),
    "dice_squared": dict(dice="squared"),
    "dice_absolute_difference": dict(dice="absolute_difference"),
    "dice_eps_1": dict(dice_eps=1.0),
    "dice_with_background": dict(dice_include_background=True),
    "dice_whole_batch": dict(dice_whole_batch=True),
    "sum": dict(batch="sum"),
    "norm_absolute_sum": dict(norm="absolute_sum"),
    "norm_channel_softmax": dict(norm="channel_softmax"),
    "reference_only": dict(lam=0.0, alpha=0.0),
    "teacher_only": dict(lam=1.0),
    "other_weights": dict(lam=0.3, alpha=2.5),
    "much_at_once": dict(
        T=4.0, student_T=4.0, scale_by_squared_T=True, soft_cross_entropy=True, dice="squared", dice_eps=0.125, dice_include_background=True,
        dice_whole_batch=True, batch="sum", norm="absolute_sum", lam=0.5, alpha=7.0),
}
OF_LOGITS = ("defaults", "T1", "dice_squared", "dice_absolute_difference")
OF_BOTTLENECKS = ("defaults", "norm_absolute_sum", "norm_channel_softmax")
OF_BOTH = (*OF_LOGITS, *OF_BOTTLENECKS[1:])


def one_hot(labels, exclusive):
    channels = [(label,) for label in LABELS] if exclusive else REGIONS
    return torch.stack([sum(labels == label for label in channel) for channel in channels], 1).double()


def log_probabilities(z, exclusive):
    """log p and log(1 - p) of each channel, finite however large the logits are."""
    if not exclusive:
        return -torch.nn.functional.softplus(-z), -torch.nn.functional.softplus(z)
    others = [[j for j in range(z.shape[1]) if j != k] for k in range(z.shape[1])]
    everything = logsumexp(z, 1, keepdim=True)
    return z - everything, torch.stack([logsumexp(z[:, rest], 1) for rest in others], 1) - everything


def reduce(losses, options):
    return losses.sum() if options["batch"] == "sum" else losses.mean()


def dice_loss(p, t, exclusive, options):
    if exclusive and not options["dice_include_background"]:
        p, t = p[:, 1:], t[:, 1:]
    axes = tuple(range(2, p.dim()))
    if options["dice_whole_batch"]:
        axes = (0,) + axes
    if options["dice"] == "linear":  # 2 |p t| / (|p| + |t|)
        above, below = 2 * (p * t).sum(axes), p.sum(axes) + t.sum(axes)
    elif options["dice"] == "squared":  # 2 |p t| / (|p^2| + |t^2|)
        above, below = 2 * (p * t).sum(axes), (p ** 2).sum(axes) + (t ** 2).sum(axes)
    else:  # 1 - |p - t| / (|p| + |t|)
        below = p.sum(axes) + t.sum(axes)
        above = below - (p - t).abs().sum(axes)
    score = (above + options["dice_eps"]) / (below + options["dice_eps"])
    return reduce(1 - score.mean(-1, keepdim=True).flatten(), options)


def cross_entropy(z, t, exclusive, options):
    yes, no = log_probabilities(z, exclusive)
    return reduce(-(t * yes + (1 - t) * no).flatten(1).mean(1), options)


def probabilities(z, exclusive):
    return torch.softmax(z, 1) if exclusive else torch.sigmoid(z)


def binary(z, exclusive):
    if not exclusive:
        return (z > 0).to(z.dtype)
    return torch.nn.functional.one_hot(z.argmax(1), z.shape[1]).movedim(-1, 1).to(z.dtype)


def kd_loss(student, teacher, exclusive, options):  # eqs. 1 and 2
    soft = probabilities(teacher / options["T"], exclusive)
    z = student / options["student_T"]
    target = soft if options["soft_cross_entropy"] else binary(teacher, exclusive)
    loss = dice_loss(probabilities(z, exclusive), soft, exclusive, options) + cross_entropy(z, target, exclusive, options)
    return loss * options["T"] ** 2 if options["scale_by_squared_T"] else loss


def kl_loss(student, teacher, options):  # eq. 3
    def distribution(features):
        if options["norm"] == "absolute_sum":
            size = features.abs().flatten(1) + 1e-8
            return size / size.sum(1, keepdim=True)
        return torch.softmax(features.flatten(2 if options["norm"] == "channel_softmax" else 1), -1)

    q, p = distribution(teacher), distribution(student)
    divergence = (q * (q.log() - p.log())).sum(-1)
    return reduce(divergence.mean(1) if options["norm"] == "channel_softmax" else divergence, options)


def gt_loss(student, target, exclusive, options):  # eq. 4
    return dice_loss(probabilities(student, exclusive), target, exclusive, options) + cross_entropy(student, target, exclusive, options)


def compute(scene, options, dtype):
    exclusive = scene["exclusive"]
    logits, bottleneck = (scene[name].to(dtype).clone().requires_grad_(True) for name in ("student_logits", "student_bottleneck"))
    teacher = scene["teacher_logits"].to(dtype)
    kd = kd_loss(logits, teacher, exclusive, options)
    gt = gt_loss(logits, scene["target"].to(dtype), exclusive, options)
    kl = kl_loss(bottleneck, scene["teacher_bottleneck"].to(dtype), options)
    total = options["lam"] * kd + (1 - options["lam"]) * gt + options["alpha"] * kl  # eq. 5
    losses = dict(kd=kd, gt=gt, kl=kl, total=total)

    def gradient(loss, variable):
        return torch.autograd.grad(loss, variable, retain_graph=True)[0]

    gradients = dict(
        grad_kd=gradient(kd, logits), grad_gt=gradient(gt, logits), grad_kl=gradient(kl, bottleneck),
        grad_total=gradient(total, logits), grad_total_bottleneck=gradient(total, bottleneck))
    return losses, gradients, dict(soft_targets=probabilities(teacher / options["T"], exclusive), teacher_binary=binary(teacher, exclusive))


def array(tensor):
    whole = not tensor.is_floating_point()
    values = [int(v) if whole else rounded(v, DIGITS) for v in tensor.flatten().tolist()]
    return dict(shape=list(tensor.shape), dtype="uint8" if whole else "float64", values=values)


def scene(name, seed, exclusive=True, batch=1, space=(1, 2, 3), features=(3, 2, 1, 2), note="", change=None):
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape):  # multiples of 1/64, which float32 holds exactly
        return torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64) * 2 * 64) / 64

    channels = len(LABELS) if exclusive else len(REGIONS)
    made = dict(
        exclusive=exclusive,
        student_logits=noise(batch, channels, *space),
        teacher_logits=noise(batch, channels, *space),
        student_bottleneck=noise(batch, *features),
        teacher_bottleneck=noise(batch, *features),
        labels=torch.tensor(LABELS)[torch.randint(0, 4, (batch, *space), generator=generator)])
    if change:
        change(made)
    made["target"] = one_hot(made["labels"], exclusive)
    return name, note, made


def without(*labels):
    def change(made):
        for label in labels:
            made["labels"][made["labels"] == label] = 0
    return change


def huge(made):
    sign = one_hot(made["labels"], made["exclusive"]) * 2 - 1
    made["student_logits"], made["teacher_logits"] = -1e4 * sign, 1e4 * sign


def zero(*names):
    def change(made):
        for name in names:
            made[name] = torch.zeros_like(made[name])
    return change


def equal(made):
    made["student_logits"], made["student_bottleneck"] = made["teacher_logits"].clone(), made["teacher_bottleneck"].clone()


def far_apart(made):
    made["student_bottleneck"], made["teacher_bottleneck"] = made["student_bottleneck"] * 32, made["teacher_bottleneck"] * -32


SCENES = [
    (scene("classes", 1, batch=2, note="two samples, exclusive classes"), OPTIONS),
    (scene("regions", 2, exclusive=False, batch=2, note="two samples, overlapping regions"), OPTIONS),
    (scene("slices", 3, batch=2, space=(2, 3), features=(3, 2, 2), note="two slices in place of volumes"), ("sum", *OF_BOTH)),
    (scene("class_absent", 4, note="label 4 is absent from the reference", change=without(4)), OF_LOGITS),
    (scene("nothing_there", 5, note="the reference is background only", change=without(1, 2, 4)), OF_LOGITS),
    (scene("nothing_there_regions", 6, exclusive=False, note="all regions of the reference are empty", change=without(1, 2, 4)), OF_LOGITS),
    (scene("huge_logits", 7, note="logits of 1e4: the student is surely wrong, the teacher surely right", change=huge), OF_LOGITS),
    (scene("huge_logits_regions", 8, exclusive=False, note="the same with regions", change=huge), OF_LOGITS),
    (scene("zero_bottleneck", 9, note="the student's bottleneck is zero", change=zero("student_bottleneck")), OF_BOTTLENECKS),
    (scene("zero_bottlenecks", 10, note="both bottlenecks are zero", change=zero("student_bottleneck", "teacher_bottleneck")), OF_BOTTLENECKS),
    (scene("far_bottlenecks", 11, note="softmax of the bottlenecks is nearly a single peak", change=far_apart), OF_BOTTLENECKS),
    (scene("equal_networks", 12, note="student and teacher say the same", change=equal), OF_BOTH),
    (scene("one_voxel", 13, space=(1, 1, 1), features=(2, 1, 1, 1), note="one voxel"), OF_BOTH),
]


def tolerance(wide, narrow, floor):
    """Four times what PyTorch itself loses in float32, with two digits."""
    return float(f"{max(floor, 4 * (wide.double() - narrow.double()).abs().max().item()):.1e}")


def main():
    scenes, cases = [], []
    for (name, note, made), names in SCENES:
        inputs = {key: array(made[key]) for key in ("student_logits", "teacher_logits", "student_bottleneck", "teacher_bottleneck")}
        inputs["target"] = array(made["target"].to(torch.uint8))
        inputs["labels_brats"] = array(made["labels"].to(torch.uint8))
        scenes.append(dict(scene=name, note=note, activation="softmax" if made["exclusive"] else "sigmoid", inputs=inputs))
        written = {}
        for option in names:
            options = {**DEFAULTS, **OPTIONS[option]}
            losses, gradients, others = compute(made, options, torch.float64)
            narrow_losses, narrow_gradients, _ = compute(made, options, torch.float32)
            assert all(torch.isfinite(value).all() for value in [*losses.values(), *gradients.values()]), (name, option)
            outputs = {key: array(value) for key, value in gradients.items()}
            outputs["soft_targets"] = array(others["soft_targets"])
            outputs["teacher_binary"] = array(others["teacher_binary"].to(torch.uint8))
            for key, entry in outputs.items():
                # Most options change few of the outputs: what is equal to that of a case before is named, not repeated.
                first = written.setdefault((key, str(entry)), f"{name}/{option}")
                if first != f"{name}/{option}":
                    outputs[key] = dict(same_as=first)
            for key in gradients:
                # Where teacher and student are equal, the gradient of the divergence is a difference of equal numbers, and alpha multiplies its rounding.
                weight = max(1.0, options["alpha"]) if key == "grad_total_bottleneck" else 1.0
                floor = max(1e-7 * weight, 2e-6 * gradients[key].abs().max().item())
                outputs[key]["tol_abs"] = tolerance(gradients[key], narrow_gradients[key], floor)
            cases.append(dict(
                dir=f"{name}/{option}", scene=name, options=OPTIONS[option],
                expected={key: rounded(value, 15) for key, value in losses.items()},
                tol_abs={key: tolerance(value, narrow_losses[key], 2e-6 * (1 + abs(value.item()))) for key, value in losses.items()},
                outputs=outputs))
    write_json("losses/manifest.json", dict(
        made_by="make_losses.py",
        format="arrays are C order, [B,C,D,H,W] or [B,C,H,W]; expected values are of float64; tol_abs is that of a computation in float32",
        defaults=DEFAULTS, scenes=scenes, cases=cases))
    print(f"losses/manifest.json: {len(scenes)} scenes, {len(cases)} cases")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
