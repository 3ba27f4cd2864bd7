#!/usr/bin/env python3
"""Makes metrics/metrics.json: overlap and surface distances of tiny label maps, every pair of surface voxels measured, nothing clever.

Written from the definitions below, not from the C# code. Needs numpy only:

    apt-get install python3-numpy && /usr/bin/python3 make_metrics.py
"""

import numpy as np

from golden import rounded, write_json

RULES = (
    "surface = voxels of the region with one of their six neighbors outside it, where outside of the volume counts as outside of the region; "
    "hd95 = the greater of the linearly interpolated 95th percentiles of the distances from one surface to the other, in the two directions; "
    "hd100 = the same of their maxima; asd_pred_to_ref = mean over the surface of the prediction; assd = mean over both surfaces together; "
    "all distances in mm between voxel centers; inf where one of the two is empty, nan where both are; "
    "dice = 1 where both are empty, dice_ignore_empty = nan where the reference is")
REGIONS = {"WT": [1, 2, 4], "TC": [1, 4], "ET": [4], "label1": [1], "label2": [2], "label4": [4]}
SPACINGS = [(1.0, 1.0, 1.0), (1.0, 1.0, 3.0), (0.7, 1.3, 2.5)]


def surface(mask):
    inside = np.pad(mask, 1)
    core = inside.copy()
    for axis in range(3):
        for step in (-1, 1):
            core &= np.roll(inside, step, axis)
    return np.argwhere(inside & ~core) - 1


def scores(prediction, reference, spacing):
    a, b = surface(prediction) * spacing, surface(reference) * spacing
    voxels = int(prediction.sum()), int(reference.sum())
    dice = 2 * int((prediction & reference).sum()) / sum(voxels) if sum(voxels) else 1.0
    if len(a) and len(b):
        distances = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
        there, back = distances.min(1), distances.min(0)
        hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
        hd100, asd, assd = max(there.max(), back.max()), there.mean(), np.concatenate([there, back]).mean()
        directed = np.percentile(there, 95)
    else:
        hd95 = directed = hd100 = asd = assd = float("inf") if len(a) or len(b) else float("nan")
    values = {
        "dice": dice, "dice_ignore_empty": dice if voxels[1] else float("nan"), "hd95": hd95, "hd95_directed": directed,
        "hd100": hd100, "asd_pred_to_ref": asd, "assd": assd, "surface_voxels_pred": len(a), "surface_voxels_ref": len(b)}
    return voxels, {name: rounded(value, 15) for name, value in values.items()}


def tumor(shape, center, radii=(3.4, 2.3, 1.2), stretch=(1.0, 1.15, 0.9)):
    """Edema around a core that is enhancing around necrosis, as ellipsoids cut off at the border of the volume."""
    at = np.indices(shape) - np.array(center).reshape(3, 1, 1, 1)
    distance = np.sqrt(((at / np.array(stretch).reshape(3, 1, 1, 1)) ** 2).sum(0))
    labels = np.zeros(shape, np.uint8)
    for radius, label in zip(radii, (2, 4, 1)):
        labels[distance < radius] = label
    return labels


def volumes():
    shape, center = (9, 8, 7), (4.0, 3.6, 3.2)
    labels = tumor(shape, center)
    empty = np.zeros(shape, np.uint8)
    random = np.random.RandomState(1)  # its stream does not change between versions of numpy
    noise = [random.choice([0, 1, 2, 4], shape, p=[0.7, 0.1, 0.1, 0.1]).astype(np.uint8) for _ in range(2)]
    single = [empty.copy(), empty.copy()]
    single[0][1, 1, 1], single[1][7, 5, 3] = 4, 4
    outlier = labels.copy()
    outlier[8, 7, 6] = 4
    return [
        ("identical", "the same tumor twice", labels, labels),
        ("shifted", "one tumor a little further, wider in z", tumor(shape, (5.0, 4.1, 3.0), stretch=(0.9, 1.0, 1.2)), labels),
        ("noise", "labels by chance", *noise),
        ("border", "tumors cut off by the border", tumor(shape, (0.0, 0.5, 6.0)), tumor(shape, (0.6, 0.0, 5.2))),
        ("outlier", "one voxel far away, which the 95th percentile leaves out", outlier, labels),
        ("single_voxels", "one voxel each", *single),
        ("plate", "a volume of one slice", tumor((9, 8, 1), (4.0, 3.6, 0.0)), tumor((9, 8, 1), (3.2, 4.4, 0.0))),
        ("all_of_it", "the prediction fills the volume", np.full(shape, 4, np.uint8), labels),
        ("empty_prediction", "empty prediction", empty, labels),
        ("empty_reference", "empty reference", labels, empty),
        ("both_empty", "both empty", empty, empty),
    ]


def text(labels):
    """A string of digits for each x and y, along z."""
    return [["".join(map(str, row)) for row in plane] for plane in labels]


def main():
    found, cases = {}, []
    for name, note, prediction, reference in volumes():
        found[name] = dict(note=note, pred=text(prediction), ref=text(reference))
        for region, labels in REGIONS.items():
            for spacing in SPACINGS:
                voxels, values = scores(np.isin(prediction, labels), np.isin(reference, labels), np.array(spacing))
                cases.append(dict(
                    volume=name, shape=list(prediction.shape), region=region, spacing=list(spacing),
                    voxels_pred=voxels[0], voxels_ref=voxels[1], brute_force=values))
    write_json("metrics/metrics.json", dict(made_by="make_metrics.py", rules=RULES, regions=REGIONS, volumes=found, cases=cases))
    print(f"metrics/metrics.json: {len(found)} pairs of label maps, {len(cases)} cases")


if __name__ == "__main__":
    main()
