#!/usr/bin/env python3
"""Makes fusions/manifest.json: what the networks for any subset of the modalities add to a U-Net, and their losses, in float64 and one number at a time.

Written from the publications' equations, not from the C# code. Needs Python only:

    python3 make_fusions.py

Inputs are not stored: input number i of the array with the name's seed s is sin(s + 0.37 i), in C order, times a scale where one is given.
"""

import math
from itertools import product

from golden import rounded, write_json

DIGITS = 12
EPSILON = 1e-7


def values(seed, count, scale=1.0):
    return [scale * math.sin(seed + 0.37 * i) for i in range(count)]


def rows(flat, width):
    return [flat[i:i + width] for i in range(0, len(flat), width)]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softmax(logits):
    largest = max(logits)
    exponentials = [math.exp(x - largest) for x in logits]
    return [x / sum(exponentials) for x in exponentials]


def linear(vector, weight, bias):
    return [sum(w * x for w, x in zip(row, vector)) + b for row, b in zip(weight, bias)]


def region_fusion(present, modalities=3, width=2, voxels=4, regions=2, hidden=128):
    """RFNet: description of a region, the weight of each modality in it, the weighted sum within the region."""
    features = [rows(values(10 + m, width * voxels, 2), voxels) if m in present else [[0.0] * voxels] * width for m in range(modalities)]
    maps = [softmax([math.sin(20 + 0.37 * (r * voxels + v)) for r in range(regions)]) for v in range(voxels)]
    weights, fused = [], []
    for r in range(regions):
        p = [maps[v][r] for v in range(voxels)]
        size = sum(p) / voxels + EPSILON
        description = [sum(x * q for x, q in zip(channel, p)) / voxels / size for modality in features for channel in modality] + [size]
        first = linear(description, rows(values(30 + r, hidden * len(description), 0.5), len(description)), values(40 + r, hidden, 0.5))
        first = [x if x > 0 else 0.2 * x for x in first]
        w = [sigmoid(x) for x in linear(first, rows(values(50 + r, modalities * hidden, 0.1), hidden), values(60 + r, modalities, 0.5))]
        weights += w
        fused += [p[v] * sum(w[m] * features[m][c][v] for m in range(modalities)) for c in range(width) for v in range(voxels)]
    return {"name": "region fusion", "present": list(present), "weights": weights, "fused": fused}


def layer_norm(vector):
    mean = sum(vector) / len(vector)
    variance = sum((x - mean) ** 2 for x in vector) / len(vector)
    return [(x - mean) / math.sqrt(variance + 1e-5) for x in vector]


def transformer(count=5, width=4, heads=2, expansion=8):
    """mmFormer: positions, attention of the normed tokens, a perceptron of the normed result, each added to what it got."""
    tokens, positions = rows(values(90, count * width), width), rows(values(91, count * width, 0.5), width)
    of_inputs = rows(values(92, 3 * width * width, 0.7), width)
    of_projection, of_projection_bias = rows(values(93, width * width, 0.7), width), values(94, width, 0.3)
    of_widening, of_widening_bias = rows(values(95, expansion * width * width, 0.5), width), values(96, expansion * width, 0.3)
    of_narrowing, of_narrowing_bias = rows(values(97, expansion * width * width, 0.4), expansion * width), values(98, width, 0.3)
    placed = [[a + b for a, b in zip(token, place)] for token, place in zip(tokens, positions)]
    parts = [linear(layer_norm(token), of_inputs, [0.0] * (3 * width)) for token in placed]
    size = width // heads
    joined = [[] for _ in tokens]
    for head in range(heads):
        queries, keys, contents = ([part[first + head * size:first + (head + 1) * size] for part in parts] for first in (0, width, 2 * width))
        for i, query in enumerate(queries):
            attention = softmax([sum(a * b for a, b in zip(query, key)) / math.sqrt(size) for key in keys])
            joined[i] += [sum(a * content[c] for a, content in zip(attention, contents)) for c in range(size)]
    attended = [[a + b for a, b in zip(token, linear(both, of_projection, of_projection_bias))] for token, both in zip(placed, joined)]
    result = []
    for token in attended:
        hidden = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in linear(layer_norm(token), of_widening, of_widening_bias)]
        result += [a + b for a, b in zip(token, linear(hidden, of_narrowing, of_narrowing_bias))]
    return {"name": "transformer", "tokens": result}


def cross_guidance(width=6, voxels=8, hidden=1):
    """DeMoSeg: the score of each channel; channel i gets the channel of rank i, times its score."""
    features = rows(values(110, width * voxels, 2), voxels)
    means = [sum(channel) / voxels for channel in features]
    first = [x if x > 0 else 0.01 * x for x in linear(means, rows(values(111, hidden * width), width), values(112, hidden, 0.5))]
    scores = [sigmoid(x) for x in linear(first, rows(values(113, width * hidden, 2), hidden), values(114, width, 0.5))]
    order = sorted(range(width), key=lambda channel: scores[channel])
    return {"name": "cross guidance", "attended": [scores[channel] * x for channel in order for x in features[channel]]}


REGIONS = ((1, 2, 3), (1, 3), (3,))


def channels(label, exclusive):
    return [float(label == k) for k in range(4)] if exclusive else [float(label in region) for region in REGIONS]


def segmentation_loss(logits, labels, exclusive, balanced, smooth=1e-5):
    """Cross-entropy + Dice with background of one sample; logits[k][v]; a label of None counts nowhere."""
    count = len(logits)
    counted = [v for v, label in enumerate(labels) if label is not None]
    nothing = [0.0] * count
    target = [nothing if label is None else channels(label, exclusive) for label in labels]
    share = [sum(target[v][k] for v in counted) / len(counted) if balanced else None for k in range(count)]
    probability, cross_entropy = [], 0.0
    for v, label in enumerate(labels):
        z = [logits[k][v] for k in range(count)]
        p = nothing if label is None else softmax(z) if exclusive else [sigmoid(x) for x in z]
        probability.append(p)
        if label is None:
            continue
        for k in range(count):
            yes = 1 - share[k] if balanced else 1
            no = share[k] if balanced else 1
            cross_entropy -= yes * target[v][k] * math.log(p[k])
            if not exclusive:
                cross_entropy -= no * (1 - target[v][k]) * math.log(1 - p[k])
    dice = 0.0
    for k in range(count):
        both = sum(probability[v][k] * target[v][k] for v in range(len(labels)))
        dice += (2 * both + smooth) / (sum(p[k] for p in probability) + sum(t[k] for t in target) + smooth) / count
    return cross_entropy / len(counted) + 1 - dice


def doubled(line):
    """Linear doubling without aligned corners."""
    last = len(line) - 1
    return [0.75 * x + 0.25 * line[max(0, min(last, i + step))] for i, x in enumerate(line) for step in (-1, 1)]


def doubled_volume(volume, shape):
    for axis in range(3):
        result_shape = [*shape]
        result_shape[axis] *= 2
        result = [0.0] * (len(volume) * 2)
        others = [range(n) if a != axis else (0,) for a, n in enumerate(shape)]
        for index in product(*others):
            line = [volume[offset([*index[:axis], i, *index[axis + 1:]], shape)] for i in range(shape[axis])]
            for i, x in enumerate(doubled(line)):
                result[offset([*index[:axis], i, *index[axis + 1:]], result_shape)] = x
        volume, shape = result, result_shape
    return volume


def offset(index, shape):
    return (index[0] * shape[1] + index[1]) * shape[2] + index[2]


# 4x2x4 voxels of all classes.
SHAPE = (4, 2, 4)
LABELS = [(3 * i * i + i) % 4 for i in range(32)]


def losses():
    for exclusive, balanced, ignored in product((True, False), (True, False), (False, True)):
        labels = [None if ignored and i % 5 == 0 else label for i, label in enumerate(LABELS)]
        count = 4 if exclusive else 3
        full = rows(values(70, count * 32, 3), 32)
        coarse = rows(values(80, count * 4, 3), 4)
        at_level = [labels[offset((2 * d, 0, 2 * w), SHAPE)] for d in range(2) for w in range(2)]
        interpolated = [doubled_volume(channel, [2, 1, 2]) for channel in coarse]
        yield {
            "name": "losses", "exclusive": exclusive, "balanced": balanced, "ignored": ignored,
            "full": segmentation_loss(full, labels, exclusive, balanced),
            "coarse, image grid": segmentation_loss(interpolated, labels, exclusive, balanced),
            "coarse, level grid": segmentation_loss(coarse, at_level, exclusive, balanced),
        }


def written(case):
    return {key: [rounded(x, DIGITS) for x in value] if isinstance(value, list) else rounded(value, DIGITS) if isinstance(value, float) else value
            for key, value in case.items()}


CASES = [*(region_fusion(present) for present in ((0, 1, 2), (1,), (0, 2))), transformer(), cross_guidance(), *losses()]
write_json("fusions/manifest.json", {"made_by": "make_fusions.py", "cases": [written(case) for case in CASES]})
