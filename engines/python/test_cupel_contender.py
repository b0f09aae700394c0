"""Tests of the contender's half of the protocol, through real pipes to fake_runner.py.

Run with ``python3 -m unittest`` in this folder; nothing needs to be installed. What a
contender should answer is worked out here anew, from the protocol's text.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import subprocess
import sys
import tempfile
import unittest
from array import array
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).with_name("fake_runner.py")
ANSWER_LIMIT_S = 30

Layers = list[tuple[list[list[float]], list[float]]]


def write_safetensors(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> None:
    """Write a file of (dtype, shape, content) by name."""
    header, content = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(content), len(content) + len(values)]}
        content += values
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + content)


def tensors_of(layers: Layers) -> dict[str, tuple[str, list[int], bytes]]:
    """Name the tensors of a model."""
    tensors = {}
    for index, (weight, bias) in enumerate(layers):
        flat = [value for line in weight for value in line]
        tensors[f"layers.{index}.weight"] = ("F32", [len(weight), len(weight[0])], array("f", flat).tobytes())
        tensors[f"layers.{index}.bias"] = ("F32", [len(bias)], array("f", bias).tobytes())
    return tensors


def random_layers(widths: list[int], seed: int) -> Layers:
    """Draw a model from multiples of 1/8, which float32 holds exactly."""
    draw = random.Random(seed)  # noqa: S311  # reproducible, no secret
    return [
        ([[draw.randint(-8, 8) / 8 for _ in range(into)] for _ in range(out)], [draw.randint(-4, 4) / 8] * out)
        for into, out in itertools.pairwise(widths)
    ]


def reference_scores(layers: Layers, x: list[float]) -> list[float]:
    """Compute the scores of one row."""
    for index, (weight, bias) in enumerate(layers):
        if index:
            x = [max(value, 0.0) for value in x]
        x = [sum(w * v for w, v in zip(line, x, strict=True)) + b for line, b in zip(weight, bias, strict=True)]
    return x


def reference_label(scores: list[float]) -> int:
    """Give the class: of equals the lowest."""
    if len(scores) == 1:
        return int(scores[0] > 0)
    return max(range(len(scores)), key=lambda output: (scores[output], -output))


def reference_path(labels: list[int], request: dict[str, Any]) -> tuple[list[int], int]:
    """Follow the protocol's order; give the labels of timed calls and the row that comes next."""
    rows, batch = request["rows"], request["batch"]
    chained = "first" in request
    row, k, told = request.get("first", 0), 0, []
    for phase in ("warmup", "calls"):
        if phase == "calls" and not chained and request["calls"]:
            row = 0
        for _ in range(request[phase]):
            taken = [labels[(row + offset) % rows] for offset in range(batch)]
            if phase == "calls":
                told += taken
            row = (5 * row + request["step"] + taken[-1] + k) % rows if chained else (row + batch) % rows
            k += 1
    return told, row


class Launch:
    """One process of the fake contender."""

    def __init__(self, *arguments: str) -> None:
        """Start it."""
        self.process = subprocess.Popen(
            [sys.executable, str(RUNNER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def send(self, line: bytes) -> dict[str, Any]:
        """Send a line as it is and give the reply."""
        if self.process.stdin is None or self.process.stdout is None:
            raise AssertionError
        self.process.stdin.write(line)
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if not isinstance(reply, dict):
            raise TypeError(reply)
        return reply

    def ask(self, **request: object) -> dict[str, Any]:
        """Send a request and give the reply."""
        return self.send(json.dumps(request).encode() + b"\n")

    def end(self, last: bytes = b"") -> tuple[int, bytes, bytes]:
        """Send something, close stdin; give the exit code and what else came."""
        out, err = self.process.communicate(last, ANSWER_LIMIT_S)
        return self.process.returncode, out, err


class ContenderTest(unittest.TestCase):
    """A folder with a model and inputs, and a launch."""

    arguments: tuple[str, ...] = ()

    def setUp(self) -> None:
        """Start a contender."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.launch = Launch(*self.arguments)
        self.addCleanup(self.launch.end)

    def write_inputs(self, floats: list[float]) -> str:
        """Write a file of inputs."""
        path = self.folder / "inputs.f32"
        path.write_bytes(array("f", floats).tobytes())
        return str(path)

    def load(self, layers: Layers, **changes: object) -> dict[str, Any]:
        """Write a model and have it loaded."""
        path = self.folder / "model.safetensors"
        write_safetensors(path, tensors_of(layers))
        return self.launch.ask(**self.load_request(path), **changes)

    def load_request(self, path: Path) -> dict[str, Any]:
        """Give the request that loads a file."""
        architecture = {"kind": "mlp", "layers": [5, 3], "activation": "relu"}
        return {
            "op": "load",
            "format": "safetensors",
            "path": str(path),
            "architecture": architecture,
            "threads": 1,
        }

    def infer_request(self, **changes: object) -> dict[str, Any]:
        """Give a request that is right for a model of five inputs, but for the changes."""
        path = self.write_inputs([0.5] * 50)
        request = {"op": "infer", "inputs": path, "rows": 10, "dim": 5, "batch": 1, "warmup": 0, "calls": 1}
        request.update(changes)
        return request


class ConversationTest(ContenderTest):
    """What a launch goes through from hello to quit."""

    def test_example(self) -> None:
        """The conversation that the protocol gives as its example."""
        hello = self.launch.send(b'{"op":"hello","protocol":1}\n')
        self.assertEqual(
            sorted(hello),
            ["device", "formats", "language", "name", "ops", "precision", "runtime", "scale", "version"],
        )
        self.assertEqual(hello["ops"], ["hello", "load", "infer", "quit", "train"])
        self.assertEqual(hello["language"], "python")
        self.assertIn(sys.version.split()[0], hello["runtime"])
        self.assertEqual(self.load(random_layers([784, 2], 1)), {"parameters": 1570})
        path = self.write_inputs([(index * 37 % 64 - 32) / 32 for index in range(8191 + 784)])
        request = {"op": "infer", "inputs": path, "rows": 8192, "dim": 784, "hop": 1, "batch": 1}
        request |= {"first": 4711, "step": 977, "warmup": 16, "calls": 4, "want": True, "samples": True}
        reply = self.launch.ask(**request, scores=False)
        self.assertEqual(sorted(reply), ["elapsed_ns", "labels", "last", "samples"])
        self.assertEqual(len(base64.b64decode(reply["labels"], validate=True)), 4)
        samples = array("I", base64.b64decode(reply["samples"], validate=True))
        self.assertEqual(len(samples), 4)
        self.assertTrue(0 < sum(samples) <= reply["elapsed_ns"])
        code, out, log = self.launch.end(b'{"op":"quit"}\n{"op":"hello","protocol":1}\n')
        self.assertEqual((code, out), (0, b""))
        self.assertEqual(log.count(b"loading"), 2)

    def test_end_of_input_means_quit(self) -> None:
        """No error, no output."""
        code, out, _ = self.launch.end()
        self.assertEqual((code, out), (0, b""))

    def test_last_line_without_its_end_is_answered(self) -> None:
        """The end of input ends a line too."""
        code, out, _ = self.launch.end(b'{"op":"hello","protocol":1}')
        self.assertEqual((code, out.count(b"\n")), (0, 1))

    def test_unknown_fields_are_ignored(self) -> None:
        """Wherever they are."""
        self.assertIn("name", self.launch.ask(op="hello", protocol=1, colour="blue"))
        self.assertEqual(self.load(random_layers([5, 3], 1), colour="blue"), {"parameters": 18})
        self.assertIn("last", self.launch.ask(**self.infer_request(colour="blue")))

    def test_null_counts_as_absent(self) -> None:
        """A harness in another language may write every optional field."""
        self.load(random_layers([5, 3], 1))
        absent = dict.fromkeys(("hop", "first", "step", "want", "samples", "scores"))
        self.assertIn("labels", self.launch.ask(**self.infer_request(**absent)))

    def test_second_load_replaces_the_model(self) -> None:
        """And one that fails leaves none."""
        self.load(random_layers([5, 3], 1))
        self.load(random_layers([4, 3], 1))
        self.assertIn("last", self.launch.ask(**self.infer_request(dim=4)))
        self.assertIn("model takes 4", self.launch.ask(**self.infer_request())["error"])
        self.assertIn("error", self.launch.ask(**self.load_request(self.folder / "none")))
        self.assertEqual(self.launch.ask(**self.infer_request(dim=4)), {"error": "no model is loaded"})

    def test_inputs_are_read_anew(self) -> None:
        """The same path with other content gives other labels."""
        self.load([([[1.0], [-1.0]], [0.0, 0.0])])
        for value, label in ((1.0, b"\0"), (-1.0, b"\1")):
            request = self.infer_request(dim=1, rows=1)
            self.write_inputs([value])
            self.assertEqual(base64.b64decode(self.launch.ask(**request)["labels"]), label)


class OrderTest(ContenderTest):
    """Which rows are taken, in which order, against a reference of the tests' own."""

    def check(self, widths: list[int], **changes: Any) -> None:
        """Compare labels, last row and scores with the reference."""
        layers = random_layers(widths, 7)
        self.load(layers)
        request = {"rows": 23, "dim": widths[0], "batch": 1, "warmup": 0, "calls": 40, "samples": False} | changes
        rows, dim, hop = request["rows"], widths[0], request.get("hop", widths[0])
        draw = random.Random(str(request))  # noqa: S311  # reproducible, no secret
        floats = [draw.randint(-16, 16) / 16 for _ in range((rows - 1) * hop + dim)]
        scores = [reference_scores(layers, floats[row * hop : row * hop + dim]) for row in range(rows)]
        labels, last = reference_path([reference_label(row) for row in scores], request)
        reply = self.launch.ask(op="infer", inputs=self.write_inputs(floats), scores=True, **request)
        # Compared as bytes: unittest takes minutes to describe the difference of two long lists.
        self.assertEqual(base64.b64decode(reply["labels"]), bytes(labels))
        self.assertEqual(reply["last"], last)
        flat = array("f", [score for row in scores for score in row])
        self.assertEqual(base64.b64decode(reply["scores"]), flat.tobytes())
        samples = base64.b64decode(reply.get("samples", ""))
        self.assertEqual(len(samples), 4 * request["calls"] * request["samples"])

    def test_paths(self) -> None:
        """Chained or not, sampled or not, with and without warm-up, overlap, gaps and wrapping."""
        chain = {"first": 22, "step": 977}
        for order in ({}, chain, {"first": 0, "step": 0}, {"first": 5, "step": (1 << 31) - 1}):
            for batch in (1, 4, 23, 24, 60):
                for more in ({}, {"samples": True}, {"hop": 1, "warmup": 6}, {"hop": 9}, {"rows": 1, "first": 0}):
                    case = {"batch": batch} | order | more
                    if "step" not in case:
                        case.pop("first", None)
                    with self.subTest(case):
                        self.check([5, 3], **case)

    def test_models(self) -> None:
        """One output, hidden layers, many classes."""
        for widths in ([5, 1], [5, 2], [5, 4, 3], [5, 4, 4, 1], [3, 256]):
            with self.subTest(widths):
                self.check(widths, first=3, step=1, warmup=4)

    def test_no_calls(self) -> None:
        """The row after warm-up alone; no time, no labels."""
        for case in ({}, {"warmup": 7}, {"first": 5, "step": 3}, {"first": 5, "step": 3, "warmup": 7}):
            for samples in (False, True):
                with self.subTest(case, samples=samples):
                    self.check([5, 3], calls=0, samples=samples, **case)
        reply = self.launch.ask(**self.infer_request(calls=0, samples=True))
        self.assertEqual(reply, {"elapsed_ns": 0, "last": 0, "labels": "", "samples": ""})

    def test_ties_go_to_the_lowest_class(self) -> None:
        """Also for one output, where a tie is a score of 0."""
        for layers in ([([[0.0], [1.0], [1.0]], [0.0, 0.0, 0.0])], [([[0.0]], [0.0])]):
            self.load(layers)
            reply = self.launch.ask(**self.infer_request(dim=1, rows=1))
            self.assertEqual(base64.b64decode(reply["labels"])[0], len(layers[0][1]) // 3)

    def test_labels_only_where_wanted(self) -> None:
        """Without want the field is absent and the last row the same."""
        self.load(random_layers([5, 3], 1))
        request = self.infer_request(first=1, step=4, calls=9)
        wanted, unwanted = self.launch.ask(**request), self.launch.ask(**request, want=False)
        self.assertEqual(sorted(unwanted), ["elapsed_ns", "last"])
        self.assertEqual(wanted["last"], unwanted["last"])


class TrainTest(ContenderTest):
    """Training, whose arithmetic each engine brings; the harness judges that."""

    def train_request(self, **changes: object) -> dict[str, Any]:
        """Give a request that is right, but for the changes: two steps on two rows, then one."""
        labels = self.folder / "labels.u8"
        labels.write_bytes(bytes([1, 0, 1, 7]))
        request = {
            "op": "train",
            "inputs": self.write_inputs([1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 9.0, 9.0]),
            "labels": str(labels),
            "rows": 3,
            "dim": 2,
            "classes": 2,
            "architecture": {"kind": "logistic-regression", "layers": [2, 2]},
            "epochs": 1,
            "learning_rate": 0.5,
            "batch": 2,
            "weights": str(self.folder / "weights.safetensors"),
        }
        request.update(changes)
        return request

    def test_steps(self) -> None:
        """One step worked out by hand: both rows have the probability 1/2 of either class."""
        for outputs, parameters in ((2, 6), (1, 3)):
            architecture = {"kind": "logistic-regression", "layers": [2, outputs]}
            reply = self.launch.ask(**self.train_request(rows=2, architecture=architecture))
            self.assertEqual(sorted(reply), ["elapsed_ns", "parameters"])
            self.assertEqual(reply["parameters"], parameters)
            content = (self.folder / "weights.safetensors").read_bytes()
            start = 8 + int.from_bytes(content[:8], "little")
            numbers = list(array("f", content[start:]))
            step = [0.125, -0.25]
            both = [*[-s for s in step], *step, 0, 0]
            expected = {2: both, 1: [*[2 * s for s in step], 0]}[outputs]
            self.assertEqual(numbers, expected)

    def test_refusals(self) -> None:
        """Each field that is wrong is named."""
        for reason, changes in {
            "batch must be": {"batch": 4},
            "epochs must be": {"epochs": 0},
            "learning_rate must be": {"learning_rate": 0},
            "learning_rate must be a positive": {"learning_rate": True},
            "classes must be": {"classes": 1},
            "labels has 7": {"rows": 4},
            "only a logistic-regression": {"architecture": {"kind": "mlp", "layers": [2, 2]}},
            "architecture.layers must be [2, 2]": {"architecture": {"kind": "logistic-regression", "layers": [2, 3]}},
            "the rows need": {"rows": 100, "batch": 1},
            "weights is missing": {"weights": None},
        }.items():
            with self.subTest(reason):
                self.assertIn(reason, self.launch.ask(**self.train_request(**changes))["error"])


class StalledTest(ContenderTest):
    """A clock that moves on by five seconds at every look."""

    arguments = ("stalled",)

    def test_samples_saturate(self) -> None:
        """Five seconds are more nanoseconds than a uint32 holds."""
        self.load(random_layers([5, 3], 1))
        for order in ({}, {"first": 1, "step": 4}):
            reply = self.launch.ask(**self.infer_request(calls=3, samples=True, **order))
            self.assertEqual(base64.b64decode(reply["samples"]), b"\xff" * 12)
            self.assertEqual(reply["elapsed_ns"], 7 * 5_000_000_000)


class RefusalTest(ContenderTest):
    """Every request has its answer, in one line, and the contender goes on."""

    def refuse(self, reason: str, line: bytes) -> None:
        """Expect an error and, after it, an ordinary answer."""
        reply = self.launch.send(line)
        self.assertEqual(list(reply), ["error"])
        self.assertIn(reason, reply["error"])
        self.assertNotIn("\n", reply["error"])
        self.assertIn("name", self.launch.ask(op="hello", protocol=1))

    def test_lines_that_are_no_requests(self) -> None:
        """Whatever they are."""
        for line in (b"\n", b"{\n", b"[]\n", b"1\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"):
            with self.subTest(line[:10]):
                self.refuse("a request must be", line)
        self.refuse("op is missing", b"{}\n")
        self.refuse("op must be a string", b'{"op":7}\n')
        for operation in ("dream", "HELLO", "infer\n"):
            self.refuse("unknown op", json.dumps({"op": operation}).encode() + b"\n")

    def test_line_that_is_too_long(self) -> None:
        """64 MiB are the most; what follows the line is answered."""
        self.refuse("longer than", b'{"op":"' + b"x" * (1 << 26) + b'"}\n')

    def test_hello(self) -> None:
        """Other versions of the protocol."""
        self.refuse("protocol is missing", b'{"op":"hello"}\n')
        self.refuse("speaks protocol 1, not 2", b'{"op":"hello","protocol":2}\n')

    def test_load(self) -> None:
        """Each field."""
        request = self.load_request(self.folder / "model.safetensors")
        write_safetensors(self.folder / "model.safetensors", tensors_of(random_layers([5, 3], 1)))
        for field, value, reason in (
            ("path", None, "path is missing"),
            ("path", "", "path must be"),
            ("path", str(self.folder / "none"), "FileNotFoundError"),
            ("path", "a\0b", "ValueError"),
            ("format", "onnx", "format must be one of safetensors"),
            ("threads", 0, "threads must be at least 1"),
            ("threads", "1", "threads must be an integer"),
            ("architecture", [], "architecture must be an object"),
            ("architecture", {"layers": [5, 3]}, "architecture.kind"),
            ("architecture", {"kind": ["mlp"], "layers": [5, 3]}, "architecture.kind"),
            ("architecture", {"kind": "mlp", "layers": [5]}, "architecture.layers"),
            ("architecture", {"kind": "mlp", "layers": [5, 0]}, "architecture.layers"),
            ("architecture", {"kind": "mlp", "layers": [5, True]}, "architecture.layers"),
            ("architecture", {"kind": "mlp", "layers": [5, 3], "activation": "tanh"}, "architecture.activation"),
        ):
            with self.subTest(field, value=value):
                self.refuse(reason, json.dumps(request | {field: value}).encode() + b"\n")
        for field in ("path", "format", "architecture", "threads"):
            without = {name: value for name, value in request.items() if name != field}
            self.refuse(f"{field} is missing", json.dumps(without).encode() + b"\n")

    def test_models_that_can_not_be_held(self) -> None:
        """Files that are no chain of linear layers in float32."""
        good = tensors_of(random_layers([5, 4, 3], 1))
        for change, reason in (
            ({"layers.1.bias": None}, "3 tensors"),
            ({"layers.1.bias": None, "other": good["layers.1.bias"]}, "no tensor layers.1.bias"),
            ({"layers.1.bias": ("F16", [3], b"123456")}, "layers.1.bias is F16"),
            ({"layers.1.bias": ("F32", [4], bytes(16))}, "3 outputs and 4 biases"),
            ({"layers.1.weight": ("F32", [12], bytes(48))}, "shape [12]"),
            ({"layers.1.weight": ("F32", [3, 5], bytes(60))}, "the layer before gives 4"),
            (dict.fromkeys(good), "0 tensors"),
        ):
            with self.subTest(reason):
                tensors = {name: tensor for name, tensor in (good | change).items() if tensor is not None}
                path = self.folder / "model.safetensors"
                write_safetensors(path, tensors)
                self.refuse(reason, json.dumps(self.load_request(path)).encode() + b"\n")
        self.assertIn("one byte", self.load(random_layers([1, 257], 1))["error"])

    def test_infer(self) -> None:
        """Each field."""
        self.load(random_layers([5, 3], 1))
        short = self.folder / "short.f32"
        short.write_bytes(bytes(4 * 49 + 3))
        for changes, reason in (
            ({"inputs": 1}, "inputs must be a string"),
            ({"inputs": str(self.folder / "none")}, "inputs can't be read"),
            ({"inputs": str(self.folder)}, "inputs can't be read"),
            ({"inputs": "a\0b"}, "inputs can't be read"),
            ({"inputs": str(short)}, "has 199 bytes, and the rows need 200"),
            ({"rows": 1 << 60}, "the rows need"),
            ({"rows": 0}, "rows must be at least 1"),
            ({"rows": 1.5}, "rows must be an integer"),
            ({"rows": True}, "rows must be an integer"),
            ({"dim": 4}, "dim is 4, and the model takes 5"),
            ({"hop": 0}, "hop must be at least 1"),
            ({"batch": 0}, "batch must be at least 1"),
            ({"batch": "1"}, "batch must be an integer"),
            ({"warmup": -1}, "warmup must be at least 0"),
            ({"calls": -1}, "calls must be at least 0"),
            ({"calls": 1e3}, "calls must be an integer"),
            ({"calls": 1 << 26}, "the reply would be longer"),
            ({"first": 0}, "first and step go together"),
            ({"step": 0}, "first and step go together"),
            ({"first": 10, "step": 0}, "first must be at least 0 and less than 10"),
            ({"first": 0, "step": 1 << 31}, "step must be at least 0 and less than 2147483648"),
            ({"first": 0, "step": None}, "both or neither"),
            ({"want": 1}, "want must be true or false"),
            ({"samples": "no"}, "samples must be true or false"),
        ):
            with self.subTest(changes):
                self.refuse(reason, json.dumps(self.infer_request(**changes)).encode() + b"\n")
        for field in ("inputs", "rows", "dim", "batch", "warmup", "calls"):
            without = {name: value for name, value in self.infer_request().items() if name != field}
            self.refuse(f"{field} is missing", json.dumps(without).encode() + b"\n")

    def test_infer_before_load(self) -> None:
        """There is nothing to infer with."""
        self.refuse("no model is loaded", json.dumps(self.infer_request()).encode() + b"\n")


if __name__ == "__main__":
    unittest.main()
