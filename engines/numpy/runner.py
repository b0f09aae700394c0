"""NumPy as a contender: the model written out in array operations, as its users do.

Measured at 784->2, one row a call: ``weight.dot(row, out)`` into an array kept for the
purpose, then ``add`` in place, is a quarter faster than ``weight @ row + bias``; matmul
and matvec with ``out`` lose to dot by as much, for they are ufuncs and resolve their
loop on every call. A transposed copy of the weights gains little at two outputs and
loses a third at ten.
"""

from __future__ import annotations

from typing import Any

from cupel_contender import (
    Architecture,
    Identity,
    Inputs,
    Predict,
    Training,
    chunks,
    claim_stdout,
    layers_of,
    serve,
    windows,
)

WIRE = claim_stdout()

import numpy as np
from safetensors.numpy import load_file, save_file
from threadpoolctl import threadpool_limits


class NumpyModel:
    """A chain of linear layers with ReLU between them."""

    def __init__(self, layers: list[tuple[Any, Any]]) -> None:
        """Hold (weight, bias) of each layer."""
        self._layers = layers
        self.parameters = sum(weight.size + bias.size for weight, bias in layers)
        self.outputs, self.width = layers[-1][0].shape[0], layers[0][0].shape[1]

    def predictor(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give the function to be timed."""
        rows = np.asarray(inputs)
        return self._of_one(rows, labels) if inputs.batch == 1 else self._of_many(rows, inputs, labels)

    def _of_one(self, rows: Any, labels: bytearray) -> Predict:
        add, maximum = np.add, np.maximum
        hidden = tuple((weight.dot, bias, np.empty(bias.size, dtype=np.float32)) for weight, bias in self._layers[:-1])
        weight, bias = self._layers[-1]
        dot = weight.dot
        # A single output is the log-odds of class 1. It is compared with the 0 in front of it.
        ranked = np.zeros(max(2, self.outputs), dtype=np.float32)
        scores = ranked[-self.outputs :]
        argmax = ranked.argmax

        # The label is read back from where it was stored, because int() of a NumPy integer costs 3%
        # of the smallest call. A loop over no hidden layers would cost 4%, hence two functions.

        def predict(row: int, call: int) -> int:
            dot(rows[row], scores)
            add(scores, bias, scores)
            labels[call] = argmax()
            return labels[call]

        def predict_deep(row: int, call: int) -> int:
            x = rows[row]
            for hidden_dot, hidden_bias, out in hidden:
                hidden_dot(x, out)
                add(out, hidden_bias, out)
                x = maximum(out, 0, out=out)
            dot(x, scores)
            add(scores, bias, scores)
            labels[call] = argmax()
            return labels[call]

        return predict_deep if hidden else predict

    def _of_many(self, rows: Any, inputs: Inputs, labels: bytearray) -> Predict:
        batch = inputs.batch
        window = windows(rows, np.arange(inputs.rows + batch) % inputs.rows, inputs.rows, batch)
        stored = np.frombuffer(labels, dtype=np.uint8)
        single = self.outputs == 1
        forward = self._forward

        def predict(row: int, call: int) -> int:
            scores = forward(window(row))
            at = call * batch
            stored[at : at + batch] = scores[:, 0] > 0 if single else scores.argmax(axis=1)
            return labels[at + batch - 1]

        return predict

    def scores(self, inputs: Inputs, into: bytearray) -> None:
        """Write the scores of every row."""
        rows = np.asarray(inputs)
        scores = np.frombuffer(into, dtype=np.float32).reshape(inputs.rows, self.outputs)
        for start, stop in chunks(inputs.rows):
            scores[start:stop] = self._forward(rows[start:stop])

    def _forward(self, x: Any) -> Any:
        # BLAS takes no matrix of overlapping rows, and NumPy's own loop for them is slower than a
        # copy.
        x = np.ascontiguousarray(x)
        for weight, bias in self._layers[:-1]:
            x = np.maximum(x @ weight.T + bias, 0)
        weight, bias = self._layers[-1]
        return x @ weight.T + bias


class NumpyTrained:
    """One trained layer."""

    def __init__(self, weight: Any, bias: Any) -> None:
        """Hold the layer."""
        self._tensors = {"layers.0.weight": weight, "layers.0.bias": bias}
        self.parameters = weight.size + bias.size

    def save(self, path: str) -> None:
        """Write the layer."""
        save_file(self._tensors, path)


def softmax(scores: Any) -> Any:
    """Give the probabilities of each row, in the same array."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


class NumpyEngine:
    """NumPy."""

    identity = Identity("numpy", np.__version__, ("safetensors",))

    def load(self, path: str, _format: str, _architecture: Architecture, threads: int) -> NumpyModel:
        """Read the weights and set the threads of BLAS."""
        threadpool_limits(threads)
        return NumpyModel(layers_of(load_file(path)))

    def train(self, inputs: Inputs, labels: bytearray, training: Training) -> NumpyTrained:
        """Descend as written out by hand: two matrix products a batch."""
        rows, classes = np.asarray(inputs), np.frombuffer(labels, dtype=np.uint8).astype(np.intp)
        weight = np.zeros((training.outputs, inputs.dim), dtype=np.float32)
        bias = np.zeros(training.outputs, dtype=np.float32)
        single = training.outputs == 1
        rate = training.learning_rate * (2 if single else 1)
        numbers = np.arange(training.batch)
        for _ in range(training.epochs):
            for start, stop in training.batches(inputs.rows):
                x, due = rows[start:stop], classes[start:stop]
                wrong = x @ weight.T + bias
                if single:
                    wrong = 1 / (1 + np.exp(-wrong)) - due[:, np.newaxis].astype(np.float32)
                else:
                    wrong = softmax(wrong)
                    wrong[numbers[: stop - start], due] -= 1
                step = np.float32(rate / (stop - start))
                weight -= step * (wrong.T @ x)
                bias -= step * wrong.sum(axis=0)
        return NumpyTrained(weight, bias)


if __name__ == "__main__":
    raise SystemExit(serve(NumpyEngine(), WIRE))
