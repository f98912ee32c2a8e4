"""Makes an ONNX file of EfficientNet-Lite0 from its PyTorch weights.

convert.py WEIGHTS.pth MODEL.onnx

The network (M. Tan, Q. V. Le, "EfficientNet", ICML 2019; its "lite" form is without squeeze-and-excitation, with ReLU6):
input `image`, 1×3×224×224, RGB, (v − 127) / 128; output `scores`, 1×1000, after softmax. Batch normalisation is part of the
convolutions before it.
"""

import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

import weights

SIZE = 224
CLASSES = 1000
EPSILON = 1e-3
# Which blocks halve the picture. (Everything else of a block shows in the shapes of its weights.)
BLOCKS = 16
HALVING = {1, 3, 5, 11}


def array(tensor):
    """The numbers of a tensor, in a copy in the usual order."""
    numbers = numpy.frombuffer(tensor.storage.data, tensor.storage.kind)[tensor.offset :]
    strides = [stride * numbers.itemsize for stride in tensor.strides]
    return numpy.ascontiguousarray(numpy.lib.stride_tricks.as_strided(numbers, tensor.shape, strides))


class Graph:
    """The nodes of the network, added one behind the other."""

    def __init__(self, tensors):
        self.tensors = {name: array(tensor) for name, tensor in tensors.items()}
        self.nodes, self.constants = [], []
        self.size = SIZE

    def take(self, name, shape=None):
        """The weights of this name, which are then used."""
        try:
            found = self.tensors.pop(name)
        except KeyError:
            raise weights.WeightsError(f"the weights {name} are missing") from None
        if shape is not None and found.shape != shape:
            raise weights.WeightsError(f"the weights {name} are {found.shape}, not {shape}")
        return found

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(numpy.asarray(array, numpy.float32), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(self, before, conv, norm, halves=False, each=False, active=True):
        """A convolution and the batch normalisation behind it, in one; then ReLU6. `each`: every channel by itself."""
        kernel = self.take(f"{conv}.weight")
        channels, side = kernel.shape[0], kernel.shape[2]
        scale, shift, mean, variance = (
            self.take(f"{norm}.{part}", (channels,)).astype(numpy.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        self.take(f"{norm}.num_batches_tracked")
        factor = scale / numpy.sqrt(variance + EPSILON)
        stride = 2 if halves else 1
        after = -(-self.size // stride)
        # As much as is needed for the size, the smaller half in front.
        padding = max((after - 1) * stride + side - self.size, 0)
        front, back = padding // 2, padding - padding // 2
        self.size = after
        inputs = [
            before,
            self.constant(f"{conv}.weight", kernel * factor[:, None, None, None]),
            self.constant(f"{conv}.bias", shift - mean * factor),
        ]
        group = channels if each else 1
        attributes = {
            "group": group,
            "kernel_shape": [side, side],
            "strides": [stride, stride],
            "pads": [front, front, back, back],
        }
        output = self.node("Conv", inputs, conv, **attributes)
        return self.node("Clip", [output, "zero", "six"], f"{conv}.relu6") if active else output

    def block(self, before, number):
        """An inverted bottleneck: wider, each channel by itself, narrower; and around it what came in, where that fits."""
        name = f"_blocks.{number}"
        inside = before
        if f"{name}._expand_conv.weight" in self.tensors:
            inside = self.convolution(inside, f"{name}._expand_conv", f"{name}._bn0")
        halves = number in HALVING
        inside = self.convolution(inside, f"{name}._depthwise_conv", f"{name}._bn1", halves=halves, each=True)
        channels = self.tensors[f"{name}._project_conv.weight"].shape[0]
        inside = self.convolution(inside, f"{name}._project_conv", f"{name}._bn2", active=False)
        if halves or channels != self.channels:
            self.channels = channels
            return inside
        return self.node("Add", [inside, before], f"{name}.sum")


def network(tensors):
    """The whole network as an ONNX model."""
    graph = Graph(tensors)
    graph.constant("zero", 0)
    graph.constant("six", 6)
    layer = graph.convolution("image", "_conv_stem", "_bn0", halves=True)
    graph.channels = 32
    for number in range(BLOCKS):
        layer = graph.block(layer, number)
    layer = graph.convolution(layer, "_conv_head", "_bn1")
    layer = graph.node("GlobalAveragePool", [layer], "pool")
    layer = graph.node("Flatten", [layer], "flat")
    factors = graph.constant("_fc.weight", graph.take("_fc.weight", (CLASSES, 1280)))
    bias = graph.constant("_fc.bias", graph.take("_fc.bias", (CLASSES,)))
    layer = graph.node("Gemm", [layer, factors, bias], "logits", transB=1)
    graph.node("Softmax", [layer], "scores", axis=1)
    if graph.tensors:
        raise weights.WeightsError(f"weights that the network does not have: {', '.join(sorted(graph.tensors))}")

    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "efficientnet-lite0", [image], [scores], graph.constants),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main(source, target):
    with open(source, "rb") as file:
        tensors = weights.read(file)
    model = network(tensors)
    partial = f"{target}.partial"
    onnx.save(model, partial)
    os.replace(partial, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (weights.WeightsError, OSError) as error:
        sys.exit(f"convert: {error}")
