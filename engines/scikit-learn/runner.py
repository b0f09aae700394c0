"""scikit-learn as a contender: its own estimators, holding weights that were fitted elsewhere.

A model of one layer becomes a LogisticRegression, more layers an MLPClassifier; the timed
call is ``predict``, with the checks of its input that its users get by default. For two
classes both estimators hold one output, the log-odds of class 1, so a file with two outputs
turns into the difference of their weights: an equivalent model of fewer parameters, which
the reply to ``load`` shows.
"""

from __future__ import annotations

import copy
from typing import Any

from cupel_contender import (
    Architecture,
    Identity,
    Inputs,
    Predict,
    chunks,
    claim_stdout,
    layers_of,
    serve,
    windows,
)

WIRE = claim_stdout()

import numpy as np
import sklearn
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer
from threadpoolctl import threadpool_limits

Layers = list[tuple[Any, Any]]
TWO_CLASSES = 2


def log_odds(layers: Layers) -> Layers:
    """Make two outputs one: class 1 against class 0."""
    weight, bias = layers[-1]
    if bias.size != TWO_CLASSES:
        return layers
    return [*layers[:-1], (weight[1:] - weight[:1], bias[1:] - bias[:1])]


def logistic_regression(layers: Layers, classes: Any) -> Any:
    """Set what ``fit`` would have set."""
    weight, bias = layers[0]
    estimator = LogisticRegression()
    estimator.classes_ = classes
    estimator.coef_ = weight
    estimator.intercept_ = bias
    estimator.n_features_in_ = weight.shape[1]
    return estimator


def mlp_classifier(layers: Layers, classes: Any) -> Any:
    """Set what ``fit`` would have set."""
    estimator = MLPClassifier(hidden_layer_sizes=tuple(bias.size for _, bias in layers[:-1]), activation="relu")
    estimator.classes_ = classes
    estimator.coefs_ = [np.ascontiguousarray(weight.T) for weight, _ in layers]
    estimator.intercepts_ = [bias for _, bias in layers]
    estimator.n_features_in_ = layers[0][0].shape[1]
    estimator.n_layers_ = len(layers) + 1
    estimator.n_outputs_ = layers[-1][1].size
    estimator.out_activation_ = "logistic" if estimator.n_outputs_ == 1 else "softmax"
    # The only private name: `predict` uses it to turn outputs into classes, and only `fit` sets it.
    estimator._label_binarizer = LabelBinarizer().fit(classes)  # noqa: SLF001
    return estimator


class SklearnModel:
    """A fitted estimator."""

    def __init__(self, layers: Layers) -> None:
        """Build the estimator that holds these (weight, bias) pairs."""
        layers = log_odds(layers)
        self.parameters = sum(weight.size + bias.size for weight, bias in layers)
        self.width = layers[0][0].shape[1]
        self.outputs = layers[-1][1].size
        build = logistic_regression if len(layers) == 1 else mlp_classifier
        self._estimator = build(layers, np.arange(max(TWO_CLASSES, self.outputs)))

    def predictor(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give the function to be timed."""
        rows = np.asarray(inputs)
        return self._of_one(rows, labels) if inputs.batch == 1 else self._of_many(rows, inputs, labels)

    def _of_one(self, rows: Any, labels: bytearray) -> Predict:
        predict_class = self._estimator.predict

        def predict(row: int, call: int) -> int:
            labels[call] = predict_class(rows[row].reshape(1, -1))[0]
            return labels[call]

        return predict

    def _of_many(self, rows: Any, inputs: Inputs, labels: bytearray) -> Predict:
        batch = inputs.batch
        window = windows(rows, np.arange(inputs.rows + batch) % inputs.rows, inputs.rows, batch)
        stored = np.frombuffer(labels, dtype=np.uint8)
        predict_class = self._estimator.predict

        def predict(row: int, call: int) -> int:
            at = call * batch
            stored[at : at + batch] = predict_class(np.ascontiguousarray(window(row)))
            return labels[at + batch - 1]

        return predict

    def scores(self, inputs: Inputs, into: bytearray) -> None:
        """Write the logits of every row."""
        rows = np.asarray(inputs)
        scores = np.frombuffer(into, dtype=np.float32).reshape(inputs.rows, self.outputs)
        logits = self._logits()
        for start, stop in chunks(inputs.rows):
            scores[start:stop] = logits(np.ascontiguousarray(rows[start:stop])).reshape(stop - start, -1)

    def _logits(self) -> Any:
        if isinstance(self._estimator, LogisticRegression):
            return self._estimator.decision_function
        # MLPClassifier gives only probabilities, and float32 loses the unlikely ones. A twin
        # without the last activation gives the input of that activation. For one output z it makes
        # (1 - z, z).
        twin = copy.copy(self._estimator)
        twin.out_activation_ = "identity"
        return lambda x: twin.predict_proba(x)[:, -self.outputs :]


class SklearnEngine:
    """scikit-learn."""

    identity = Identity("scikit-learn", sklearn.__version__, ("safetensors",))

    def load(self, path: str, _format: str, _architecture: Architecture, threads: int) -> SklearnModel:
        """Read the weights and set the threads of BLAS."""
        threadpool_limits(threads)
        return SklearnModel(layers_of(load_file(path)))


if __name__ == "__main__":
    raise SystemExit(serve(SklearnEngine(), WIRE))
