"""The contender's side of cupel's protocol, version 1, for engines with a Python interface.

A runner program provides an ``Engine``: its name, and how it loads a model and predicts
with it. Everything else that the protocol asks for is here. All Python engines share this
code, so that a difference between two of them is a difference between the engines:
requests and replies, the checks of every field, the inputs, the timed loops, the scores.

Only the standard library is imported: an engine's environment holds what the engine
itself needs and nothing for the measuring.
"""

from __future__ import annotations

import base64
import errno
import gc
import json
import os
import platform
import stat
import sys
import time
import traceback
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeVar

PROTOCOL = 1
OPS = ("hello", "load", "infer", "quit")
KINDS = ("logistic-regression", "mlp")

LINE_LIMIT_BYTES = 64 << 20
# The size of a reply without its arrays: a few numbers and names.
REPLY_ENVELOPE_BYTES = 4096
FLOAT_BYTES = 4
SAMPLE_LIMIT_NS = (1 << 32) - 1
STEP_LIMIT = 1 << 31
# A label is one unsigned byte.
CLASSES_LIMIT = 256
# The largest float32.
FLOAT_LIMIT = 3.4028234663852886e38
# For the scores, rows of overlapping inputs are copied in chunks of this many.
SCORE_CHUNK_ROWS = 1024

Clock = Callable[[], int]
# predict(row, call) predicts a whole batch from `row` on, stores its labels as those of the call-th
# call, and returns the label of the batch's last row. The engine stores the labels, because the
# cheapest way differs: one byte for one row, a slice of a tensor for many.
Predict = Callable[[int, int], int]


class ContenderError(Exception):
    """The reason why a request cannot be answered: the text of an ``error`` reply."""


# What an engine provides.


@dataclass(frozen=True)
class Identity:
    """An engine's description of itself. The version is read from the engine, never typed in."""

    name: str
    version: str
    formats: tuple[str, ...]
    scale: str = "logits"
    device: str = "cpu"
    precision: str = "f32"


@dataclass(frozen=True)
class Architecture:
    """The harness's description of a model. Where the shapes in the file differ, the file is right."""

    kind: str
    layers: tuple[int, ...]
    activation: str


@dataclass(frozen=True)
class Inputs:
    """The rows of one infer request: row i is the ``dim`` floats from float ``i * hop`` on.

    ``floats`` is little-endian float32, as is every processor that the engines have
    packages for; it is a bytearray because some engines refuse memory that is read-only.
    """

    floats: bytearray
    rows: int
    dim: int
    hop: int
    batch: int

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Be a matrix to NumPy, whose rows overlap where they do so in the file, without a copy."""
        return {
            "version": 3,
            "typestr": "<f4",
            "shape": (self.rows, self.dim),
            "strides": (self.hop * FLOAT_BYTES, FLOAT_BYTES),
            "data": self.floats,
        }


class Model(Protocol):
    """A loaded model."""

    @property
    def parameters(self) -> int:
        """How many numbers the model holds."""

    @property
    def width(self) -> int:
        """How many floats a row has."""

    @property
    def outputs(self) -> int:
        """How many scores a row has."""

    def predictor(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give the function to be timed, for inputs.batch rows a call."""

    def scores(self, inputs: Inputs, into: bytearray) -> None:
        """Write the float32 scores of every row, row by row."""


class Engine(Protocol):
    """An inference engine."""

    @property
    def identity(self) -> Identity:
        """The engine's description of itself."""

    def load(self, path: str, format_: str, architecture: Architecture, threads: int) -> Model:
        """Load a model, or raise the reason why this engine cannot hold it."""


@dataclass(frozen=True)
class Training:
    """A training: plain gradient descent on the mean cross-entropy, from zero weights.

    Each epoch takes the rows in their order, ``batch`` at a time. The last batch has the rows
    that remain. There is no penalty. An engine with one output uses twice the rate.
    """

    outputs: int
    epochs: int
    learning_rate: float
    batch: int

    def batches(self, rows: int) -> Iterator[tuple[int, int]]:
        """Give the ends of each batch of one epoch."""
        return chunks(rows, self.batch)


class Trained(Protocol):
    """A trained model."""

    @property
    def parameters(self) -> int:
        """How many numbers the model holds."""

    def save(self, path: str) -> None:
        """Write the model as safetensors, under the names that ``load`` reads."""


class Trainer(Engine, Protocol):
    """An engine that can fit a logistic regression."""

    def train(self, inputs: Inputs, labels: bytearray, training: Training) -> Trained:
        """Train. This is the timed part, from the rows in memory to the weights in host memory."""


# Helpers for engines.


class Tensor(Protocol):
    """The part of an array's interface that NumPy and PyTorch share."""

    @property
    def shape(self) -> Any:
        """The length of each dimension."""

    @property
    def dtype(self) -> Any:
        """The type of the elements."""


TensorT = TypeVar("TensorT", bound=Tensor)


def layers_of(tensors: Mapping[str, TensorT]) -> list[tuple[TensorT, TensorT]]:
    """Pair weights and biases, first layer first. Refuse tensors that do not form such a model."""
    if not tensors or len(tensors) % 2:
        raise ContenderError(f"the file has {len(tensors)} tensors, not a weight and a bias per layer")
    layers = []
    width = None
    for index in range(len(tensors) // 2):
        weight = _tensor(tensors, f"layers.{index}.weight", 2)
        bias = _tensor(tensors, f"layers.{index}.bias", 1)
        out, into = weight.shape
        if tuple(bias.shape) != (out,):
            raise ContenderError(f"layers.{index} has {out} outputs and {bias.shape[0]} biases")
        if width not in (None, into):
            raise ContenderError(f"layers.{index} takes {into} inputs, the layer before gives {width}")
        width = out
        layers.append((weight, bias))
    return layers


def _tensor(tensors: Mapping[str, TensorT], name: str, dimensions: int) -> TensorT:
    tensor = tensors.get(name)
    if tensor is None:
        raise ContenderError(f"the file has no tensor {name}")
    if not str(tensor.dtype).endswith("float32"):
        raise ContenderError(f"{name} is {tensor.dtype}, not float32")
    if len(tensor.shape) != dimensions or 0 in tensor.shape:
        raise ContenderError(f"{name} has the shape {list(tensor.shape)}")
    return tensor


def windows(rows: Any, ring: Any, count: int, batch: int) -> Callable[[int], Any]:
    """Give a function that takes the batch of rows from a row on, wrapping round at the end.

    ``ring`` is the engine's own array of the row numbers 0 to count-1, repeated to the
    length count + batch. A batch that wraps is gathered into one piece and costs that
    copy: the alternative, one inference on each side of the end, would turn one call into
    two and make a batch beyond the number of rows as slow as many small ones.
    """

    def window(row: int) -> Any:
        stop = row + batch
        return rows[row:stop] if stop <= count else rows[ring[row:stop]]

    return window


def chunks(count: int, size: int = SCORE_CHUNK_ROWS) -> Iterator[tuple[int, int]]:
    """Cut 0..count into pieces of at most ``size``."""
    for start in range(0, count, size):
        yield start, min(start + size, count)


# The timed loops. There is one for each combination, so that no loop pays for what it does not do.
# Each is as short as the bare loop that a user of the engine would write. What remains is the call
# of `predict`, about 70 ns where NumPy's smallest inference takes 1.7 us. Only generated source
# code could avoid it, and that would be hard to review. Warm-up uses the same function as the timed
# calls, because the interpreter specialises code where it runs.

Timing = tuple[int, int]


def run_chained(predict: Predict, calls: int, row: int, offset: int, rows: int, clock: Clock) -> Timing:
    """Make calls where each label decides the next row. ``offset`` is step + the calls made before."""
    began_ns = clock()
    for call in range(calls):
        row = (5 * row + offset + call + predict(row, call)) % rows
    return row, clock() - began_ns


def run_in_order(predict: Predict, calls: int, row: int, stride: int, rows: int, clock: Clock) -> Timing:
    """Make calls that go through the rows from first to last, repeatedly."""
    began_ns = clock()
    for call in range(calls):
        predict(row, call)
        row = (row + stride) % rows
    return row, clock() - began_ns


def sample_chained(
    predict: Predict, calls: int, row: int, offset: int, rows: int, clock: Clock, samples: array[int]
) -> Timing:
    """Do as run_chained and time each call alone."""
    limit_ns = SAMPLE_LIMIT_NS
    began_ns = clock()
    for call in range(calls):
        before_ns = clock()
        row = (5 * row + offset + call + predict(row, call)) % rows
        spent_ns = clock() - before_ns
        samples[call] = spent_ns if spent_ns < limit_ns else limit_ns
    return row, clock() - began_ns


def sample_in_order(
    predict: Predict, calls: int, row: int, stride: int, rows: int, clock: Clock, samples: array[int]
) -> Timing:
    """Do as run_in_order and time each call alone."""
    limit_ns = SAMPLE_LIMIT_NS
    began_ns = clock()
    for call in range(calls):
        before_ns = clock()
        predict(row, call)
        row = (row + stride) % rows
        spent_ns = clock() - before_ns
        samples[call] = spent_ns if spent_ns < limit_ns else limit_ns
    return row, clock() - began_ns


# Requests.


class Fields:
    """The fields of a request. Unknown fields are ignored."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        """Hold the members of a JSON object. A null member counts as absent."""
        self._fields = {name: value for name, value in fields.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        """Tell whether a field is there, whatever its value."""
        return name in self._fields

    def text(self, name: str) -> str:
        """Give a string that is not empty."""
        value = self._due(name)
        if not isinstance(value, str) or not value:
            raise ContenderError(f"{name} must be a string that is not empty")
        return value

    def integer(self, name: str, least: int, below: int | None = None, default: int | None = None) -> int:
        """Give an integer of at least ``least`` and, if said, less than ``below``."""
        if default is not None and name not in self:
            return default
        value = self._due(name)
        # bool is a subclass of int in Python, but true is no number in JSON.
        if not isinstance(value, int) or isinstance(value, bool):
            raise ContenderError(f"{name} must be an integer")
        if value < least or (below is not None and value >= below):
            limits = f"at least {least}" + ("" if below is None else f" and less than {below}")
            raise ContenderError(f"{name} must be {limits}, not {value}")
        return value

    def rate(self, name: str) -> float:
        """Give a positive number that a float32 can hold."""
        value = self._due(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= FLOAT_LIMIT:
            raise ContenderError(f"{name} must be a positive number")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Give true or false."""
        value = self._fields.get(name, default)
        if not isinstance(value, bool):
            raise ContenderError(f"{name} must be true or false")
        return value

    def architecture(self, name: str) -> Architecture:
        """Give the description of a model."""
        value = self._due(name)
        if not isinstance(value, dict):
            raise ContenderError(f"{name} must be an object")
        kind = value.get("kind")
        if kind not in KINDS:
            raise ContenderError(f"{name}.kind must be one of {', '.join(KINDS)}")
        layers = _widths(value.get("layers"))
        if layers is None:
            raise ContenderError(f"{name}.layers must be two or more positive integers")
        activation = value.get("activation", "relu")
        if kind == "mlp" and activation != "relu":
            raise ContenderError(f"{name}.activation must be relu")
        return Architecture(kind, layers, "relu")

    def _due(self, name: str) -> Any:
        if name not in self:
            raise ContenderError(f"{name} is missing")
        return self._fields[name]


def _widths(layers: Any) -> tuple[int, ...] | None:
    fewest = 2
    if not isinstance(layers, list) or len(layers) < fewest:
        return None
    if not all(isinstance(width, int) and not isinstance(width, bool) and width > 0 for width in layers):
        return None
    return tuple(layers)


@dataclass(frozen=True)
class Burst:
    """What an infer request asks for."""

    path: str
    rows: int
    dim: int
    hop: int
    batch: int
    first: int
    step: int | None
    warmup: int
    calls: int
    want: bool
    samples: bool
    scores: bool
    transfer: bool

    @classmethod
    def of(cls, fields: Fields) -> Burst:
        """Read and check the fields."""
        rows = fields.integer("rows", 1)
        dim = fields.integer("dim", 1)
        if ("first" in fields) != ("step" in fields):
            raise ContenderError("first and step go together: both or neither")
        chained = "first" in fields
        return cls(
            path=fields.text("inputs"),
            rows=rows,
            dim=dim,
            hop=fields.integer("hop", 1, default=dim),
            batch=fields.integer("batch", 1),
            first=fields.integer("first", 0, below=rows) if chained else 0,
            step=fields.integer("step", 0, below=STEP_LIMIT) if chained else None,
            warmup=fields.integer("warmup", 0),
            calls=fields.integer("calls", 0),
            want=fields.flag("want", default=True),
            samples=fields.flag("samples", default=False),
            scores=fields.flag("scores", default=False),
            transfer=fields.flag("transfer", default=False),
        )

    def reply_bytes(self, outputs: int) -> int:
        """Give the length that the reply's line is going to have, at most."""
        arrays = (
            self.calls * self.batch * self.want,
            self.calls * FLOAT_BYTES * self.samples,
            self.rows * outputs * FLOAT_BYTES * self.scores,
        )
        return REPLY_ENVELOPE_BYTES + sum((length + 2) // 3 * 4 for length in arrays)

    def read_inputs(self) -> Inputs:
        """Read the file, as far as its rows go."""
        length = ((self.rows - 1) * self.hop + self.dim) * FLOAT_BYTES
        return Inputs(_read(self.path, length), self.rows, self.dim, self.hop, self.batch)

    def run(self, predict: Predict, samples: array[int] | None, clock: Clock) -> Timing:
        """Make the warm-up calls and the timed ones; give the row that comes next and the time."""
        row, _ = self._loop(predict, self.warmup, 0, self.first, samples, clock)
        if self.calls == 0:
            return row, 0
        if self.step is None:
            row = 0
        return self._loop(predict, self.calls, self.warmup, row, samples, clock)

    def _loop(
        self, predict: Predict, calls: int, made: int, row: int, samples: array[int] | None, clock: Clock
    ) -> Timing:
        chained = self.step is not None
        move = self.step + made if self.step is not None else self.batch % self.rows
        if samples is None:
            loop = run_chained if chained else run_in_order
            return loop(predict, calls, row, move, self.rows, clock)
        sample = sample_chained if chained else sample_in_order
        return sample(predict, calls, row, move, self.rows, clock, samples)


@dataclass(frozen=True)
class Lesson:
    """What a train request asks for."""

    inputs: str
    labels: str
    weights: str
    rows: int
    dim: int
    classes: int
    training: Training

    @classmethod
    def of(cls, fields: Fields) -> Lesson:
        """Read and check the fields."""
        rows, dim = fields.integer("rows", 1), fields.integer("dim", 1)
        classes = fields.integer("classes", 2, below=CLASSES_LIMIT + 1)
        architecture = fields.architecture("architecture")
        if architecture.kind != "logistic-regression":
            raise ContenderError(f"only a logistic-regression is trained, not kind {architecture.kind}")
        # One output is the log-odds of class 1.
        allowed = [(dim, classes)] + [(dim, 1)] * (classes == 2)  # noqa: PLR2004  # the two classes of one output
        if architecture.layers not in allowed:
            raise ContenderError(f"architecture.layers must be {list(allowed[0])}, not {list(architecture.layers)}")
        training = Training(
            outputs=architecture.layers[1],
            epochs=fields.integer("epochs", 1),
            learning_rate=fields.rate("learning_rate"),
            batch=fields.integer("batch", 1, below=rows + 1),
        )
        return cls(fields.text("inputs"), fields.text("labels"), fields.text("weights"), rows, dim, classes, training)

    def read(self) -> tuple[Inputs, bytearray]:
        """Read the rows and their labels."""
        rows = _read(self.inputs, self.rows * self.dim * FLOAT_BYTES)
        labels = _read(self.labels, self.rows)
        if max(labels) >= self.classes:
            raise ContenderError(f"labels has {max(labels)}, and there are {self.classes} classes")
        return Inputs(rows, self.rows, self.dim, self.dim, self.training.batch), labels


def _read(path: str, length: int) -> bytearray:
    """Give the first ``length`` bytes of a file, in memory: a mapping would fault while timed."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # pathlib costs more to import than this to run
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ContenderError(f"{path} is not a file")
            # Checked first, so that absurd sizes end in this error and do not exhaust the memory.
            if status.st_size < length:
                raise ContenderError(f"{path} has {status.st_size} bytes, and the rows need {length}")
            content = bytearray(length)
            _fill(file, memoryview(content), path)
            return content
    except (OSError, ValueError) as err:
        raise ContenderError(f"inputs can't be read: {err}") from err


def _fill(file: Any, rest: memoryview, path: str) -> None:
    while rest:
        count = file.readinto(rest)
        if not count:
            raise ContenderError(f"{path} became shorter while it was read")
        rest = rest[count:]


def _base64(content: Any) -> str:
    return base64.b64encode(content).decode("ascii")


class Contender:
    """One engine, the model that it holds, and the answers to requests."""

    def __init__(self, engine: Engine, clock: Clock = time.perf_counter_ns) -> None:
        """Start without a model."""
        self._engine = engine
        self._clock = clock
        self._model: Model | None = None

    def answer(self, line: bytes) -> dict[str, Any] | None:
        """Answer one line, whatever is in it; None means quit."""
        try:
            request = _parse(line)
            fields = Fields(request)
            operation = fields.text("op")
            if operation == "quit":
                return None
            return self._operate(operation, fields)
        except ContenderError as err:
            return {"error": _one_line(str(err))}
        except Exception as err:  # noqa: BLE001  # engines raise what they like, and each request has its answer
            traceback.print_exc()
            return {"error": _one_line(f"{type(err).__name__}: {err}")}

    def _operate(self, operation: str, fields: Fields) -> dict[str, Any]:
        if operation == "hello":
            return self._hello(fields)
        if operation == "load":
            return self._load(fields)
        if operation == "infer":
            return self._infer(fields)
        if operation == "train" and "train" in self._ops():
            return self._train(fields)
        raise ContenderError(f"unknown op {operation!r}: this contender answers {', '.join(self._ops())}")

    def _ops(self) -> tuple[str, ...]:
        return (*OPS, "train") if hasattr(self._engine, "train") else OPS

    def _hello(self, fields: Fields) -> dict[str, Any]:
        protocol = fields.integer("protocol", 0)
        if protocol != PROTOCOL:
            raise ContenderError(f"this contender speaks protocol {PROTOCOL}, not {protocol}")
        identity = self._engine.identity
        return {
            "name": identity.name,
            "version": identity.version,
            "language": "python",
            "runtime": f"{platform.python_implementation()} {platform.python_version()}",
            "device": identity.device,
            "precision": identity.precision,
            "scale": identity.scale,
            "formats": list(identity.formats),
            "ops": list(self._ops()),
        }

    def _load(self, fields: Fields) -> dict[str, Any]:
        path = fields.text("path")
        format_ = fields.text("format")
        architecture = fields.architecture("architecture")
        threads = fields.integer("threads", 1)
        formats = self._engine.identity.formats
        if format_ not in formats:
            raise ContenderError(f"format must be one of {', '.join(formats)}, not {format_}")
        # The old model is dropped first, so that it cannot answer after a load that failed.
        self._model = None
        model = self._engine.load(path, format_, architecture, threads)
        if model.outputs > CLASSES_LIMIT:
            raise ContenderError(f"{model.outputs} classes do not fit a label of one byte")
        self._model = model
        # The collector is off (see serve), so garbage is only collected here.
        gc.collect()
        gc.freeze()
        return {"parameters": model.parameters}

    def _infer(self, fields: Fields) -> dict[str, Any]:
        model = self._model
        if model is None:
            raise ContenderError("no model is loaded")
        burst = Burst.of(fields)
        if burst.dim != model.width:
            raise ContenderError(f"dim is {burst.dim}, and the model takes {model.width}")
        if burst.reply_bytes(model.outputs) > LINE_LIMIT_BYTES:
            raise ContenderError(f"the reply would be longer than {LINE_LIMIT_BYTES} bytes")
        return self._measure(model, burst)

    def _measure(self, model: Model, burst: Burst) -> dict[str, Any]:
        inputs = burst.read_inputs()
        most_calls = max(burst.warmup, burst.calls)
        # Warm-up stores into the same arrays. The timed calls overwrite it.
        labels = bytearray(most_calls * burst.batch)
        samples = array("I", bytes(most_calls * FLOAT_BYTES)) if burst.samples else None
        predict = model.predictor(inputs, labels)
        last, elapsed_ns = burst.run(predict, samples, self._clock)
        reply: dict[str, Any] = {"elapsed_ns": elapsed_ns, "last": last}
        if burst.want:
            reply["labels"] = _base64(memoryview(labels)[: burst.calls * burst.batch])
        if samples is not None:
            reply["samples"] = _base64(memoryview(samples)[: burst.calls])
        if burst.transfer:
            reply["transfer_ns"] = self._transfer_ns(model, burst, inputs, labels)
        if burst.scores:
            scores = bytearray(burst.rows * model.outputs * FLOAT_BYTES)
            model.scores(inputs, scores)
            reply["scores"] = _base64(scores)
        return reply

    def _transfer_ns(self, model: Model, burst: Burst, inputs: Inputs, labels: bytearray) -> int:
        """Time the copies of as many calls, for a model that makes any."""
        if not hasattr(model, "transfer"):
            return 0
        copy = model.transfer(inputs, labels)
        run_in_order(copy, burst.warmup, 0, burst.batch % burst.rows, burst.rows, self._clock)
        _, elapsed_ns = run_in_order(copy, burst.calls, 0, burst.batch % burst.rows, burst.rows, self._clock)
        return elapsed_ns

    def _train(self, fields: Fields) -> dict[str, Any]:
        lesson = Lesson.of(fields)
        inputs, labels = lesson.read()
        engine: Any = self._engine
        began_ns = self._clock()
        trained: Trained = engine.train(inputs, labels, lesson.training)
        elapsed_ns = self._clock() - began_ns
        trained.save(lesson.weights)
        return {"elapsed_ns": elapsed_ns, "parameters": trained.parameters}


def _parse(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as err:
        raise ContenderError(f"a request must be one JSON object on a line: {err}") from err
    if not isinstance(request, dict):
        raise ContenderError("a request must be one JSON object on a line")
    return request


def _one_line(text: str) -> str:
    return " ".join(text.split())


# The wire.


def claim_stdout() -> int:
    """Keep standard output for replies: give a descriptor of it and point its own at stderr.

    A runner calls this before it imports its engine, since what a library prints, from
    Python or from C, now or later, would end the launch.
    """
    sys.stdout.flush()
    wire = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return wire


def serve(engine: Engine, wire: int, requests: BinaryIO | None = None, clock: Clock = time.perf_counter_ns) -> int:
    """Answer requests until quit or the end of input; give the process's exit code.

    The cyclic garbage collector is off from here on: its pauses are no part of a call, and
    its trigger counts allocations, so it would strike some engines more often than others.
    """
    gc.disable()
    contender = Contender(engine, clock)
    for line in _lines(sys.stdin.buffer if requests is None else requests):
        reply = contender.answer(line) if line is not None else _too_long()
        if reply is None:
            break
        try:
            _send(wire, json.dumps(reply, separators=(",", ":")).encode("ascii") + b"\n")
        except OSError as err:
            # A harness that has ended reads no more replies.
            if err.errno != errno.EPIPE:
                raise
            break
    return 0


def _too_long() -> dict[str, Any]:
    return {"error": f"a request must not be longer than {LINE_LIMIT_BYTES} bytes"}


def _lines(requests: BinaryIO) -> Iterator[bytes | None]:
    """Give each line, None for one that is too long, which is skipped without being held."""
    while line := requests.readline(LINE_LIMIT_BYTES + 1):
        if len(line) <= LINE_LIMIT_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = requests.readline(LINE_LIMIT_BYTES)
        yield None


def _send(wire: int, reply: bytes) -> None:
    rest = memoryview(reply)
    while rest:
        rest = rest[os.write(wire, rest) :]
