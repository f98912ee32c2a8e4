"""Reads the weights of a network from a file that PyTorch wrote in its format of before version 1.6, without PyTorch.

Such a file is a row of pickles and then the numbers. A pickle is a program: loading one runs whatever it names. So only
the four names that weights need are known here, and anything else ends the reading.
"""

import collections
import pickle
import struct

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


class WeightsError(Exception):
    """The file is not what it should be, or is more than weights."""


class Sealed:
    """A value that a pickle can make and cannot change afterwards: it was checked when it was made."""

    def __setstate__(self, _):
        raise WeightsError("the file changes what it has made")


class Storage(Sealed):
    """A row of numbers, which several tensors may look into."""

    def __init__(self, kind, count):
        self.kind = kind
        self.count = count
        self.data = None


class Tensor(Sealed):
    """Numbers in a storage: of which kind, from where on, in which shape, how far apart."""

    def __init__(self, storage, offset, shape, strides, *_):
        counts = (offset, *shape, *strides)
        if not isinstance(storage, Storage) or len(shape) != len(strides) or not all(type(n) is int for n in counts):
            raise WeightsError("not a tensor")
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides))
        if min(counts) < 0 or 0 in shape or last >= storage.count:
            raise WeightsError("a tensor reaches beyond its storage")
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides


# Names of types as NumPy and the module `struct` know them.
FLOAT, LONG = "<f", "<q"

ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): Tensor,
    ("torch", "FloatStorage"): FLOAT,
    ("torch", "LongStorage"): LONG,
}


class WeightsUnpickler(pickle.Unpickler):
    """Knows nothing but what weights need."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise WeightsError(f"the file names {module}.{name}, which is no part of weights") from None

    def persistent_load(self, reference):
        match reference:
            case ("storage", ("<f" | "<q") as kind, str(key), str(_), int(count), None):
                storage = self.storages.setdefault(key, Storage(kind, count))
                if (storage.kind, storage.count) != (kind, count):
                    raise WeightsError(f"storage {key} is described in two ways")
                return storage
        raise WeightsError(f"not a reference to a storage: {reference!r}")


def exactly(file, count):
    """The next bytes of the file."""
    data = file.read(count)
    if len(data) != count:
        raise WeightsError("the file ends too early")
    return data


def read(file):
    """All tensors of an open file, by their names."""
    try:
        return _read(file)
    except (pickle.UnpicklingError, EOFError, TypeError, AttributeError, ValueError, OverflowError, MemoryError) as error:
        raise WeightsError(f"not a file of weights: {error}") from error


def _read(file):
    if WeightsUnpickler(file).load() != MAGIC or WeightsUnpickler(file).load() != PROTOCOL:
        raise WeightsError("not a file of weights, or one of a newer PyTorch")
    if not WeightsUnpickler(file).load().get("little_endian"):
        raise WeightsError("the numbers are in an order of bytes that is not read here")
    unpickler = WeightsUnpickler(file)
    tensors = unpickler.load()
    storages = unpickler.storages
    keys = WeightsUnpickler(file).load()
    if sorted(keys) != sorted(storages):
        raise WeightsError("the file does not hold the storages that it speaks of")
    for key in keys:
        storage = storages[key]
        (count,) = struct.unpack("<q", exactly(file, 8))
        if count != storage.count:
            raise WeightsError(f"storage {key} has {count} numbers, not {storage.count}")
        storage.data = exactly(file, count * struct.calcsize(storage.kind))
    if not all(isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in tensors.items()):
        raise WeightsError("something in the file is no tensor")
    return dict(tensors)
