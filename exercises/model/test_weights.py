"""python3 -m unittest discover -s exercises/model"""

import collections
import io
import os
import pickle
import struct
import unittest

import weights


class Reference:
    """Pickled as the reference to a storage."""

    def __init__(self, *fields):
        self.fields = fields


class Named:
    """Pickled as a call of something by its name, whether it exists or not; and then a change of what it made."""

    def __init__(self, module, name, *arguments, change=None):
        self.module, self.name, self.arguments, self.change = module, name, arguments, change


class Pickler(pickle._Pickler):
    """Writes references and names that this machine need not have."""

    def persistent_id(self, value):
        return value.fields if isinstance(value, Reference) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named):
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
            if value.arguments:
                self.save(value.arguments)
                self.write(pickle.REDUCE)
            if value.change:
                self.save(value.change)
                self.write(pickle.BUILD)
        else:
            super().save(value, save_persistent_id)


def pickled(value):
    file = io.BytesIO()
    Pickler(file, protocol=2).dump(value)
    return file.getvalue()


def tensor(count=6, offset=0, shape=(2, 3), strides=(3, 1), kind="FloatStorage", change=None):
    reference = Reference("storage", Named("torch", kind), "7", "cpu", count, None)
    arguments = (reference, offset, shape, strides, False, collections.OrderedDict())
    return Named("torch._utils", "_rebuild_tensor_v2", *arguments, change=change)


def file_with(state, keys=("7",), numbers=(1, 2, 3, 4, 5, 6)):
    pieces = [weights.MAGIC, weights.PROTOCOL, {"little_endian": True}, state, list(keys)]
    data = struct.pack(f"<q{len(numbers)}f", len(numbers), *numbers)
    return io.BytesIO(b"".join(map(pickled, pieces)) + data)


class ReadingWeights(unittest.TestCase):
    def refused(self, file, why):
        with self.assertRaisesRegex(weights.WeightsError, why):
            weights.read(file)

    def test_a_tensor_is_read(self):
        read = weights.read(file_with({"a": tensor()}))["a"]
        self.assertEqual((read.shape, read.strides, read.offset), ((2, 3), (3, 1), 0))
        self.assertEqual(struct.unpack("<6f", read.storage.data), (1, 2, 3, 4, 5, 6))

    def test_nothing_else_is_called(self):
        marker = "a_file_that_a_hostile_pickle_makes"
        for hostile in [
            Named("os", "system", f"touch {marker}"),
            Named("posix", "system", f"touch {marker}"),
            Named("builtins", "eval", f"open({marker!r}, 'w')"),
            Named("torch", "load"),
            Named("numpy", "load"),
        ]:
            self.refused(file_with({"a": hostile}), "which is no part of weights")
        self.assertFalse(os.path.exists(marker))

    def test_a_tensor_stays_in_its_storage(self):
        for wrong in [
            {"shape": (2, 4)},
            {"offset": 1},
            {"offset": -1},
            {"strides": (-3, 1)},
            {"strides": (4, 1)},
            {"shape": (0, 3)},
        ]:
            self.refused(file_with({"a": tensor(**wrong)}), "beyond its storage")
        self.refused(file_with({"a": tensor(shape=(2,))}), "not a tensor")
        self.refused(file_with({"a": tensor(offset="0")}), "not a tensor")

    def test_a_tensor_is_not_changed_after_it_was_checked(self):
        for change in [{"offset": 1 << 40}, (None, {"offset": 1 << 40})]:
            self.refused(file_with({"a": tensor(change=change)}), "changes what it has made")

    def test_what_announces_more_than_there_is_is_refused(self):
        for hostile in [b"\x80\x04\x8d" + b"\xff" * 8, b"\x80\x04\x8e" + b"\xff" * 8, b"\x80\x04r\xff\xff\xff\x7f."]:
            self.refused(io.BytesIO(hostile), "not a file of weights")

    def test_what_is_cut_off_or_does_not_fit_is_refused(self):
        whole = file_with({"a": tensor()}).getvalue()
        for end in range(len(whole)):
            self.refused(io.BytesIO(whole[:end]), "")
        self.refused(file_with({"a": tensor()}, numbers=(1, 2)), "has 2 numbers, not 6")
        self.refused(file_with({"a": tensor()}, keys=("8",)), "does not hold")
        self.refused(file_with({"a": 1}, keys=(), numbers=()), "no tensor")
        self.refused(file_with({"a": tensor(kind="HalfStorage")}), "torch.HalfStorage")


if __name__ == "__main__":
    unittest.main()
