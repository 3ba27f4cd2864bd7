"""Losses of ProtoKD, PMKL and PASSION on small scenes, in float64 and without any library: one loop for each sum of docs/prototypes.md."""

import math
import random

from golden import rounded, write_json

SMALLEST_NORM = 1e-5
IGNORED = 255


def scene(name, seed, samples, classes, voxels, student_width, teacher_width, labels=None):
    """Features and logits of student and teacher, by sample, then channel, then voxel; and the class of each voxel."""
    draw = random.Random(seed)
    numbers = lambda channels, scale=1.0: [[[rounded(draw.gauss(0, scale), 6) for _ in range(voxels)] for _ in range(channels)] for _ in range(samples)]
    made = {
        "student": numbers(student_width),
        "teacher": numbers(teacher_width),
        "student_logits": numbers(classes, 2),
        "teacher_logits": numbers(classes, 2),
        "labels": labels or [[draw.randrange(classes) for _ in range(voxels)] for _ in range(samples)],
    }
    return {"name": name, "classes": classes, **made}


def vectors(sample):
    """The features of each voxel."""
    return [list(voxel) for voxel in zip(*sample)]


def unit(vector):
    length = max(math.sqrt(sum(x * x for x in vector)), SMALLEST_NORM)
    return [x / length for x in vector]


def dot(one, other):
    return sum(x * y for x, y in zip(one, other))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def similarities(sample, labels, classes):
    """For each class that the sample has, the cosine of each counted voxel and the mean of the class."""
    voxels = vectors(sample)
    counted = [v for v, label in enumerate(labels) if label != IGNORED]
    maps = {}
    for k in range(classes):
        members = [voxels[v] for v in counted if labels[v] == k]
        if members:
            prototype = unit([mean(channel) for channel in zip(*members)])
            maps[k] = [dot(unit(voxels[v]), prototype) for v in counted]
    return maps


def prototype_distance(student, teacher, labels, classes, distance):
    own, expert = similarities(student, labels, classes), similarities(teacher, labels, classes)
    return mean(distance(s - t) for k in own for s, t in zip(own[k], expert[k]))


def softmax(logits, temperature=1.0):
    largest = max(logits)
    powers = [math.exp((x - largest) / temperature) for x in logits]
    return [p / sum(powers) for p in powers]


def cross_entropy(target, logits, temperature=1.0):
    return -sum(t * math.log(p) for t, p in zip(target, softmax(logits, temperature)) if t > 0)


def privileged(made, temperature):
    """The cross-entropy of softened predictions, weighted by how much better the teacher knows, where it is right."""
    weighted = total = 0.0
    for n, labels in enumerate(made["labels"]):
        students, teachers = vectors(made["student_logits"][n]), vectors(made["teacher_logits"][n])
        for v, label in enumerate(labels):
            if label == IGNORED:
                continue
            hard = [1.0 if k == label else 0.0 for k in range(made["classes"])]
            right = teachers[v].index(max(teachers[v])) == label
            weight = max(0.0, cross_entropy(hard, students[v]) - cross_entropy(hard, teachers[v])) if right else 0.0
            weighted += weight * cross_entropy(softmax(teachers[v], temperature), students[v], temperature)
            total += weight
    return weighted / total if total > 0 else 0.0


def contrastive(made, margin, layers):
    """The mean over all pairs: near where they are of one sample, at least a margin apart where not."""
    def embed(sample, labels, first, first_bias, second, second_bias):
        counted = [v for v, label in enumerate(labels) if label != IGNORED]
        pooled = [mean(channel[v] for v in counted) for channel in sample]
        hidden = [max(0.0, dot(row, pooled) + bias) for row, bias in zip(first, first_bias)]
        out = [dot(row, hidden) + bias for row, bias in zip(second, second_bias)]
        length = math.sqrt(dot(out, out))
        return [x / length for x in out]

    students = [embed(s, l, *layers["student"]) for s, l in zip(made["student"], made["labels"])]
    teachers = [embed(t, l, *layers["teacher"]) for t, l in zip(made["teacher"], made["labels"])]
    pairs = []
    for i, student in enumerate(students):
        for j, teacher in enumerate(teachers):
            squared = sum((x - y) ** 2 for x, y in zip(student, teacher))
            pairs.append(squared if i == j else max(0.0, margin - math.sqrt(squared)) ** 2)
    return mean(pairs)


def projector(draw, width, dimension):
    rows = lambda outputs, inputs: [[rounded(draw.gauss(0, 1), 6) for _ in range(inputs)] for _ in range(outputs)]
    bias = lambda outputs: [rounded(draw.gauss(0, 0.5), 6) for _ in range(outputs)]
    return [rows(2 * dimension, width), bias(2 * dimension), rows(dimension, 2 * dimension), bias(dimension)]


def case(made, seed, margin=1.0, dimension=3):
    draw = random.Random(seed)
    layers = {role: projector(draw, len(made[role][0]), dimension) for role in ("student", "teacher")}
    samples = range(len(made["labels"]))
    inputs = lambda n: (made["student"][n], made["teacher"][n], made["labels"][n], made["classes"])
    expected = {
        "prototypes": mean(prototype_distance(*inputs(n), lambda x: x * x) for n in samples),
        "prototypes_sum": sum(prototype_distance(*inputs(n), lambda x: x * x) for n in samples),
        "prototypes_absolute": mean(prototype_distance(*inputs(n), abs) for n in samples),
        "privileged_T10": privileged(made, 10.0),
        "privileged_T2": privileged(made, 2.0),
        "contrastive": contrastive(made, margin, layers),
    }
    return {**made, "margin": margin, "layers": layers, "expected": {name: rounded(value, 15) for name, value in expected.items()}}


SCENES = [
    case(scene("one_sample", 1, 1, 3, 7, 4, 4), 11),
    case(scene("batch_of_other_widths", 2, 3, 4, 9, 3, 5), 12, margin=1.5),
    case(scene("class_absent", 3, 2, 4, 5, 4, 3, [[0, 1, 1, 3, 0], [2, 2, 0, 0, 2]]), 13),
    case(scene("one_class_only", 4, 1, 3, 4, 2, 2, [[1, 1, 1, 1]]), 14),
    case(scene("ignored", 5, 2, 3, 6, 4, 4, [[IGNORED, 0, 1, 2, IGNORED, 1], [0, IGNORED, 2, 2, 1, 0]]), 15, margin=0.5),
]

if __name__ == "__main__":
    write_json("prototypes/cases.json", {"scenes": SCENES})
