"""Compares the float32 tensors of two safetensors files; exits with 1 where they differ by more than a limit.

The bias of a convolution before a norm is shown apart: its true gradient is 0, so that Adam makes steps out of rounding, and the norm takes them away again.
"""
import array
import json
import re
import struct
import sys

BEFORE_A_NORM = re.compile(r"\.convolution\d\.bias$")


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    start = 8 + length
    return {name: array.array("f", data[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]])
            for name, entry in header.items() if name != "__metadata__" and entry["dtype"] == "F32"}


one, other, limit = read(sys.argv[1]), read(sys.argv[2]), float(sys.argv[3])
if one.keys() != other.keys():
    sys.exit("the files hold different tensors")
largest = {False: 0.0, True: 0.0}
for name, values in one.items():
    apart = bool(BEFORE_A_NORM.search(name))
    largest[apart] = max(largest[apart], max((abs(a - b) for a, b in zip(values, other[name])), default=0.0))
print(f"largest difference of {sum(map(len, one.values()))} weights: {largest[False]:.1e}, of biases before a norm {largest[True]:.1e}")
sys.exit(largest[False] > limit)
