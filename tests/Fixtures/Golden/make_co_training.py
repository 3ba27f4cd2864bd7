#!/usr/bin/env python3
"""Makes co_training/values.json: the losses of ACN and SMU-Net on tiny scenes, in float64.

Written from the equations of docs/co-training.md, not from the C# code, in plain loops over numbers. Needs nothing but Python:

    python3 -B make_co_training.py
"""

import random
from math import exp, log, log1p

from golden import rounded, write_json

DIGITS = 15
N, K, H, W = 2, 3, 4, 6  # logits and the shallow level
SHALLOW, DEEP = 2, 3  # channels of the two levels; the deep one has half the size


def tensor(rng, scale, *shape):
    return [tensor(rng, scale, *shape[1:]) for _ in range(shape[0])] if shape else rounded(rng.gauss(0, scale), 6)


def softmax(values):
    sum_ = sum(exp(value) for value in values)
    return [exp(value) / sum_ for value in values]


def sigmoid(values):
    return [1 / (1 + exp(-value)) for value in values]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def softplus(x):
    return log1p(exp(x))


def voxels(maps):
    """The vectors over channels of every voxel of every sample."""
    for sample in maps:
        channels = len(sample)
        for y in range(len(sample[0])):
            for x in range(len(sample[0][0])):
                yield [sample[c][y][x] for c in range(channels)]


def squared(student, teacher, probabilities):
    return mean(sum((p - q) ** 2 for p, q in zip(probabilities(s), probabilities(t))) for s, t in zip(voxels(student), voxels(teacher)))


def divergence(student, teacher, regions):
    def of(s, t):
        if not regions:
            return sum(q * log(q / p) for p, q in zip(softmax(s), softmax(t)))
        return sum(q * log(q / p) + (1 - q) * log((1 - q) / (1 - p)) for p, q in zip(sigmoid(s), sigmoid(t)))
    return mean(of(s, t) for s, t in zip(voxels(student), voxels(teacher)))


def entropy(maps, regions):
    """The entropy maps, of the same shape."""
    def of(values):
        if not regions:
            return [-p * log(p) / log(K) for p in softmax(values)]
        return [-(p * log(p) + (1 - p) * log(1 - p)) / log(2) for p in sigmoid(values)]
    result = []
    for sample in maps:
        vectors = [of(vector) for vector in voxels([sample])]
        result.append([[[vectors[y * W + x][c] for x in range(W)] for y in range(H)] for c in range(K)])
    return result


def convolve(maps, kernel, bias, stride):
    """Logits of a critic of one convolution of size 3 with a border of zeros."""
    for sample in maps:
        height, width = len(sample[0]), len(sample[0][0])
        for y in range(0, height, stride):
            for x in range(0, width, stride):
                value = bias
                for c, channel in enumerate(sample):
                    for i in range(3):
                        for j in range(3):
                            if 0 <= y + i - 1 < height and 0 <= x + j - 1 < width:
                                value += kernel[c][i][j] * channel[y + i - 1][x + j - 1]
                yield value


def content(student, teacher):
    return mean((a - b) ** 2 for s, t in zip(voxels(student), voxels(teacher)) for a, b in zip(s, t))


def style_features(shallow, deep):
    features = []
    for s, d in zip(shallow, deep):
        pooled = [[[mean([c[2 * y][2 * x], c[2 * y][2 * x + 1], c[2 * y + 1][2 * x], c[2 * y + 1][2 * x + 1]]) for x in range(W // 2)]
                   for y in range(H // 2)] for c in s]
        features.append(pooled + d)
    return features


def gram(sample):
    flat = [[value for row in channel for value in row] for channel in sample]
    return [[mean(a * b for a, b in zip(one, other)) for other in flat] for one in flat]


def style(student, teacher):
    def of(s, t):
        return mean((a - b) ** 2 for row, other in zip(gram(s), gram(t)) for a, b in zip(row, other)) / 4
    return mean(of(s, t) for s, t in zip(student, teacher))


def mutual_information(student, teacher, weights, scale):
    def layer(vector, matrix):
        return [sum(w * v for w, v in zip(row, vector)) for row in matrix]

    def relu(vector):
        return [max(0.0, v) for v in vector]
    terms = []
    for s, t in zip(voxels(student), voxels(teacher)):
        mu = layer(relu(layer(relu(layer(s, weights[0])), weights[1])), weights[2])
        for c in range(DEEP):
            variance = softplus(scale[c]) + 1e-5
            terms.append((t[c] - mu[c]) ** 2 / (2 * variance) + log(variance) / 2)
    return mean(terms)


def main():
    rng = random.Random(20)
    data = {
        "student": {"logits": tensor(rng, 2, N, K, H, W), "shallow": tensor(rng, 1, N, SHALLOW, H, W), "deep": tensor(rng, 1, N, DEEP, H // 2, W // 2)},
        "teacher": {"logits": tensor(rng, 2, N, K, H, W), "shallow": tensor(rng, 1, N, SHALLOW, H, W), "deep": tensor(rng, 1, N, DEEP, H // 2, W // 2)},
        "critic": {"kernel": tensor(rng, 1, K, 3, 3), "bias": rounded(rng.gauss(0, 1), 6)},
        "predictor": {"weights": tensor(rng, 0.7, 3, DEEP, DEEP), "scale": tensor(rng, 1, DEEP)},
    }
    s, t, critic, predictor = data["student"], data["teacher"], data["critic"], data["predictor"]
    expected = {}
    for name, regions in (("classes", False), ("regions", True)):
        probabilities = sigmoid if regions else softmax
        expected[f"squared {name}"] = squared(s["logits"], t["logits"], probabilities)
        expected[f"divergence {name}"] = divergence(s["logits"], t["logits"], regions)
        of_student = list(convolve(entropy(s["logits"], regions), critic["kernel"], critic["bias"], 2))
        of_teacher = list(convolve(entropy(t["logits"], regions), critic["kernel"], critic["bias"], 2))
        expected[f"adversary {name}"] = mean(softplus(d) for d in of_student)
        expected[f"critic {name}"] = (mean(softplus(d) for d in of_teacher) + mean(softplus(-d) for d in of_student)) / 2
    expected["content"] = content(s["deep"], t["deep"])
    expected["style"] = style(style_features(s["shallow"], s["deep"]), style_features(t["shallow"], t["deep"]))
    expected["style of the bottleneck"] = style(s["deep"], t["deep"])
    expected["mutual information"] = mutual_information(s["deep"], t["deep"], predictor["weights"], predictor["scale"])
    data["expected"] = {name: rounded(value, DIGITS) for name, value in expected.items()}
    write_json("co_training/values.json", data)


if __name__ == "__main__":
    main()
