"""Safetensors files by hand, so that the bench needs NumPy and PyTorch only."""

import json
import os
import struct

import numpy as np

NAMES = {"float32": "F32", "float16": "F16", "float64": "F64", "int8": "I8", "uint8": "U8", "int64": "I64",
         "uint16": "BF16"}
TYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I8": np.int8, "U8": np.uint8, "I64": np.int64,
         "BF16": np.uint16}


def save(path, tensors):
    """Writes a dictionary of arrays in its order; uint16 arrays are the bits of BF16."""
    header, end = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = path + ".part"
    with open(part, "wb") as sink:
        sink.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            sink.write(np.ascontiguousarray(array).tobytes())
    os.replace(part, path)


def load(path):
    with open(path, "rb") as source:
        header = json.loads(source.read(struct.unpack("<Q", source.read(8))[0]))
        data = source.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data, TYPES[t["dtype"]], offset=t["data_offsets"][0],
                                count=(t["data_offsets"][1] - t["data_offsets"][0])
                                // np.dtype(TYPES[t["dtype"]]).itemsize).reshape(t["shape"]).copy()
            for name, t in header.items()}


def brain_float(array):
    """The bits of BF16, rounded to nearest even."""
    bits = array.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
