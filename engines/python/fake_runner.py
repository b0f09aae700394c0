"""A contender in plain Python, for the tests of the protocol: slow, right, and talkative.

It prints to standard output from Python and to its descriptor, as libraries do, and with
the argument ``stalled`` its clock moves on by five seconds at every look.
"""

from __future__ import annotations

import itertools
import json
import math
import operator
import os
import platform
import sys
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cupel_contender import (
    Architecture,
    Identity,
    Inputs,
    Predict,
    Training,
    claim_stdout,
    layers_of,
    serve,
)

WIRE = claim_stdout()

STALL_NS = 5_000_000_000


@dataclass(frozen=True)
class FakeTensor:
    """A tensor of a safetensors file."""

    dtype: str
    shape: tuple[int, ...]
    values: array[float]


def read_tensors(path: str) -> dict[str, FakeTensor]:
    """Read a safetensors file of float32."""
    content = Path(path).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = {"F32": "float32"}.get(entry["dtype"], entry["dtype"])
        values = array("f", content[start + begin : start + end]) if dtype == "float32" else array("f")
        tensors[name] = FakeTensor(dtype, tuple(entry["shape"]), values)
    return tensors


class FakeModel:
    """A chain of linear layers with ReLU between them."""

    def __init__(self, layers: list[tuple[FakeTensor, FakeTensor]]) -> None:
        """Hold (weight, bias) of each layer."""
        self._layers = layers
        self.parameters = sum(len(weight.values) + len(bias.values) for weight, bias in layers)
        self.width = layers[0][0].shape[1]
        self.outputs = layers[-1][0].shape[0]

    def predictor(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give the function to be timed."""

        def predict(row: int, call: int) -> int:
            label = 0
            for index in range(inputs.batch):
                scores = self._row_scores(inputs, (row + index) % inputs.rows)
                ranked = [0.0, *scores] if len(scores) == 1 else scores
                label = labels[call * inputs.batch + index] = ranked.index(max(ranked))
            return label

        return predict

    def scores(self, inputs: Inputs, into: bytearray) -> None:
        """Write the scores of every row."""
        scores = (score for row in range(inputs.rows) for score in self._row_scores(inputs, row))
        into[:] = array("f", scores).tobytes()

    def _row_scores(self, inputs: Inputs, row: int) -> list[float]:
        floats = memoryview(inputs.floats).cast("f")
        x = list(floats[row * inputs.hop : row * inputs.hop + inputs.dim])
        for index, (weight, bias) in enumerate(self._layers):
            if index:
                x = [max(value, 0.0) for value in x]
            lines = (weight.values[at : at + len(x)] for at in range(0, len(weight.values), len(x)))
            x = [dot(line, x) + b for line, b in zip(lines, bias.values, strict=True)]
        return x


def dot(a: Iterable[float], b: Iterable[float]) -> float:
    """Multiply and add, without the errors of adding."""
    return math.fsum(map(operator.mul, a, b))


class FakeTrained:
    """One trained layer of float64."""

    def __init__(self, weight: list[list[float]], bias: list[float]) -> None:
        """Hold the layer."""
        self._weight, self._bias = weight, bias
        self.parameters = sum(map(len, weight)) + len(bias)

    def save(self, path: str) -> None:
        """Write the layer."""
        weight = array("f", itertools.chain.from_iterable(self._weight)).tobytes()
        bias = array("f", self._bias).tobytes()
        shape = [len(self._weight), len(self._weight[0])]
        header = {
            "layers.0.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, len(weight)]},
            "layers.0.bias": {
                "dtype": "F32",
                "shape": shape[:1],
                "data_offsets": [len(weight), len(weight) + len(bias)],
            },
        }
        text = json.dumps(header).encode()
        Path(path).write_bytes(len(text).to_bytes(8, "little") + text + weight + bias)


class FakeEngine:
    """Plain Python."""

    identity = Identity("fake", platform.python_version(), ("safetensors",))

    def load(self, path: str, _format: str, _architecture: Architecture, _threads: int) -> FakeModel:
        """Read the weights and say so where it must not reach the harness."""
        print("loading", path)  # noqa: T201  # what this tests
        os.write(1, b"loading\n")
        return FakeModel(layers_of(read_tensors(path)))

    def train(self, inputs: Inputs, labels: bytearray, training: Training) -> FakeTrained:
        """Descend, one output as the second of two."""
        floats = memoryview(inputs.floats).cast("f")
        rows = [list(floats[at : at + inputs.dim]) for at in range(0, len(floats), inputs.dim)]
        outputs = max(2, training.outputs)
        weight = [[0.0] * (inputs.dim + 1) for _ in range(outputs)]
        for _ in range(training.epochs):
            for start, stop in training.batches(len(rows)):
                steps = [[0.0] * (inputs.dim + 1) for _ in range(outputs)]
                for row, label in zip(rows[start:stop], labels[start:stop], strict=True):
                    x = [*row, 1.0]
                    powers = [math.exp(dot(line, x)) for line in weight]
                    for output, power in enumerate(powers):
                        wrong = power / sum(powers) - (output == label)
                        steps[output] = [s + wrong * v for s, v in zip(steps[output], x, strict=True)]
                share = training.learning_rate / (stop - start)
                weight = [
                    [w - share * s for w, s in zip(line, step, strict=True)]
                    for line, step in zip(weight, steps, strict=True)
                ]
        if training.outputs == 1:
            weight = [[b - a for a, b in zip(*weight, strict=True)]]
        return FakeTrained([line[:-1] for line in weight], [line[-1] for line in weight])


def main() -> int:
    """Serve with an honest clock or one that stalls."""
    looks = itertools.count(step=STALL_NS)
    clock = looks.__next__ if "stalled" in sys.argv else time.perf_counter_ns
    return serve(FakeEngine(), WIRE, clock=clock)


if __name__ == "__main__":
    raise SystemExit(main())
