"""A reader of plain number arrays in MATLAB 5 files, which believes nothing a file says before checking it.

SciPy's own reader crashes the process on some damaged files (a type beyond its tables is looked up all the same).
Here the caller says which arrays of which shapes are right, and only they are read. The format: a header of 128
bytes, then elements of a tag (type, bytes) and their data; an array is an element of elements (its flags, sizes,
name and numbers), and usually lies compressed inside another one. All of these are padded to 8 bytes.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from vae_core.data.cards import DatasetError

_HEADER = 128
_ARRAY, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
_CLASSES = range(6, 14)  # of arrays: double to uint32; the others are texts, cells, objects, functions
_COMPLEX = 0x0800
_ROOM = 4096  # bytes for flags, sizes and name


class _Wrong(Exception):
    """What is wrong with a file, as the end of a sentence."""


def read_mat(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The arrays of these names, which must have these shapes. Memory: the file's and the arrays' size.

    Raises DatasetError naming the file where it is gone, damaged, no MATLAB 5 file, or lacks one of the arrays.
    """
    limit = _ROOM + 8 * max(math.prod(shape) for shape in shapes.values())  # 8 bytes a number at most
    found: dict[str, np.ndarray] = {}
    try:
        if os.path.getsize(path) > _HEADER + len(shapes) * limit:
            raise _Wrong("is larger than what belongs here")
        content = memoryview(path.read_bytes())
        if len(content) < _HEADER or content[124:128] != b"\0\1IM":
            raise _Wrong("is no MATLAB 5 file")
        position = _HEADER
        while position < len(content):
            kind, data, position = _element(content, position)
            if kind == _COMPRESSED:
                inner = memoryview(zlib.decompressobj().decompress(data, limit))
                kind, data, _ = _element(inner, 0)
            elif position % 8:
                position += 8 - position % 8
            if kind == _ARRAY:
                found.update(_array(data, shapes))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (struct.error, zlib.error, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} is damaged ({error}); delete it and fetch it again.") from error
    except _Wrong as error:
        raise DatasetError(f"{path} {error}; delete it and fetch it again.") from error
    missing = [name for name in shapes if name not in found]
    if missing:
        raise DatasetError(f"{path} holds no array {' and '.join(missing)}; delete it and fetch it again.")
    return found


def _element(content: memoryview, position: int) -> tuple[int, memoryview, int]:
    """Type and data of the element at this position, and where its data ends."""
    (first,) = struct.unpack_from("<I", content, position)
    if first >> 16:  # a small element: type and size share four bytes, the data lies in the next four
        start, size, kind = position + 4, first >> 16, first & 0xFFFF
        if size > 4:
            raise _Wrong("is damaged")
    else:
        kind, size = struct.unpack_from("<II", content, position)
        start = position + 8
    if start + size > len(content):
        raise _Wrong(f"is cut short: {size:,} bytes are announced where {max(0, len(content) - start):,} follow")
    end = position + 8 if start == position + 4 else start + size
    return kind, content[start : start + size], end


def _array(content: memoryview, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """{name: array} of an array element's data; empty where it isn't wanted."""
    parts = []
    position = 0
    for _ in range(4):  # flags, sizes, name, numbers
        if position >= len(content):
            return {}  # an object, a function: made of other parts
        kind, data, position = _element(content, position)
        parts.append((kind, data))
        position += -position % 8
        if len(parts) == 3 and data.tobytes().decode("ascii") not in shapes:
            return {}
    (_, flags), (_, sizes), (_, label), (kind, numbers) = parts
    name = label.tobytes().decode("ascii")
    (flag,) = struct.unpack_from("<I", flags)
    if len(sizes) % 4 or len(sizes) > 64:
        raise _Wrong("is damaged")
    shape = struct.unpack(f"<{len(sizes) // 4}i", sizes)
    if shape != shapes[name]:
        raise _Wrong(f"holds {name} of {shape}, where {shapes[name]} is right")
    if flag & 0xFF not in _CLASSES or flag & _COMPLEX or kind not in _NUMBERS:
        raise _Wrong(f"holds no plain numbers in {name}")
    dtype = np.dtype(_NUMBERS[kind])
    if len(numbers) != dtype.itemsize * math.prod(shape):
        raise _Wrong(f"holds {len(numbers):,} bytes in {name}, where {dtype.itemsize * math.prod(shape):,} are right")
    return {name: np.frombuffer(numbers, dtype).reshape(shape, order="F")}
