"""Reads and writes .fbin and .ibin: int32 rows, int32 columns, then the rows (float32 or int32), all little-endian."""
import numpy as np


def read(path, kind=np.float32):
    """A read-only map of the file, `[rows × columns]`."""
    rows, columns = np.fromfile(path, np.int32, 2)
    return np.memmap(path, kind, "r", 8, (int(rows), int(columns)))


def write(path, array, kind=np.float32):
    with open(path, "wb") as file:
        np.array(array.shape, np.int32).tofile(file)
        np.ascontiguousarray(array, kind).tofile(file)
