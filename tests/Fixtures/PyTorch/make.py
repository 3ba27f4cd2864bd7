"""Writes the files of this folder: /usr/bin/python3 tests/Fixtures/PyTorch/make.py (PyTorch 1.13, as Debian has it)."""
import collections
import os
import sys

import numpy
import torch

folder = os.path.dirname(os.path.abspath(__file__))


def save(name, content, **options):
    torch.save(content, os.path.join(folder, name), **options)


def weights():
    """A convolution of 1 to 2 channels and one of 2 to 2: values 0, 1/100, 2/100 and so on in each tensor."""
    shapes = {"enter.weight": (2, 1, 3, 1, 1), "enter.bias": (2,), "head.weight": (2, 2, 1, 1, 1), "head.bias": (2,)}
    count = {name: int(numpy.prod(shape)) for name, shape in shapes.items()}
    return collections.OrderedDict((name, (torch.arange(count[name]) / 100).reshape(shapes[name])) for name in shapes)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hostile-code-ran",)


save("state_dict.pth", weights())
save("plain_dict.pth", dict(weights()))
save("checkpoint.pth", {
    "epoch": 7, "best": 0.25, "done": True, "name": "kidney", "state_dict": weights(), "history": [1, 2.5, None, (3, -70000, 1 << 40)],
    "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999)}]},
})
save("nnunet.pth", {
    "network_weights": collections.OrderedDict(("module." + name, tensor) for name, tensor in weights().items()),
    "optimizer_state": {}, "logging": {"mean_fg_dice": [numpy.float64(0.5), numpy.float32(0.25)], "values": numpy.arange(3.0)},
    "init_args": {"configuration": "3d_fullres", "fold": 0}, "trainer_name": "nnUNetTrainer", "inference_allowed_mirroring_axes": (0, 1, 2),
})
save("wrapped.pth", collections.OrderedDict(("module._orig_mod." + name, tensor) for name, tensor in weights().items()))
save("parameters.pth", collections.OrderedDict((name, torch.nn.Parameter(tensor)) for name, tensor in weights().items()))
save("half.pth", collections.OrderedDict((name, tensor.half()) for name, tensor in weights().items()))
# Views into one storage: transposed, and from the middle.
large = torch.arange(100) / 100
sparse = torch.zeros(100)
sparse[3] = 0.01
views = weights()
views["head.weight"] = views["head.weight"].transpose(0, 1).contiguous().transpose(0, 1)
views["head.bias"] = large[:2]
views["enter.bias"] = sparse[:4:3]
save("views.pth", views)
save("scheduler.pth", {"state_dict": {"weight": 3.5}, "epoch": 1})
save("legacy.pth", weights(), _use_new_zipfile_serialization=False)
save("hostile.pth", {"state_dict": weights(), "extra": Hostile()})
save("model.pth", torch.nn.Linear(2, 2))
print("written by PyTorch", torch.__version__, "and Python", sys.version.split()[0])
