"""PyTorch as a contender: nn.Linear modules in inference mode, in one of three ways.

Without an argument they run eagerly on the CPU; with ``compile`` they pass through
torch.compile, with ``cuda`` they run on the first GPU. NumPy is not installed beside it:
PyTorch works without, and one package less is one less that could explain a figure. Rows
are taken by ``as_strided`` as a batch of one, which is 2-6% faster than indexing, slicing or
``narrow`` on a matrix of the rows made beforehand; a list of row tensors made beforehand
would be faster still and would hide the taking.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from cupel_contender import (
    Architecture,
    ContenderError,
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
warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
# Compile in this process: a pool of workers would remain as the contender's children.
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"

import torch
from safetensors import TensorSpec, serialize_file
from safetensors.torch import load_file
from torch import nn


def module_of(layers: list[tuple[Any, Any]]) -> nn.Module:
    """Build what a user would have written: one Linear, or Linears with ReLU between."""
    modules: list[nn.Module] = []
    for weight, bias in layers:
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        modules += [linear, nn.ReLU()]
    modules.pop()
    module = modules[0] if len(modules) == 1 else nn.Sequential(*modules)
    return module.eval()


def rows_of(inputs: Inputs) -> torch.Tensor:
    """Give the rows as a matrix in host memory, without a copy."""
    floats = torch.frombuffer(inputs.floats, dtype=torch.float32)
    return floats.as_strided((inputs.rows, inputs.dim), (inputs.hop, 1))


class TorchModel:
    """A module on the CPU."""

    def __init__(self, layers: list[tuple[Any, Any]]) -> None:
        """Build the module from (weight, bias) pairs."""
        self._module: Any = module_of(layers)
        self.parameters = sum(parameter.numel() for parameter in self._module.parameters())
        self.outputs, self.width = layers[-1][0].shape[0], layers[0][0].shape[1]

    def predictor(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give the function to be timed."""
        floats = torch.frombuffer(inputs.floats, dtype=torch.float32)
        return self._of_one(floats, inputs, labels) if inputs.batch == 1 else self._of_many(inputs, labels)

    def _of_one(self, floats: torch.Tensor, inputs: Inputs, labels: bytearray) -> Predict:
        module, as_strided = self._module, floats.as_strided
        hop, shape, strides = inputs.hop, (1, inputs.dim), (inputs.dim, 1)

        def predict(row: int, call: int) -> int:
            label = labels[call] = module(as_strided(shape, strides, row * hop)).argmax().item()
            return label

        def predict_log_odds(row: int, call: int) -> int:
            label = labels[call] = module(as_strided(shape, strides, row * hop)).item() > 0
            return label

        return predict_log_odds if self.outputs == 1 else predict

    def _of_many(self, inputs: Inputs, labels: bytearray) -> Predict:
        module, batch = self._module, inputs.batch
        ring = torch.arange(inputs.rows + batch) % inputs.rows
        window = windows(rows_of(inputs), ring, inputs.rows, batch)
        # frombuffer refuses an empty array, which a request without calls would have.
        stored = torch.frombuffer(labels or bytearray(1), dtype=torch.uint8)
        single = self.outputs == 1

        def predict(row: int, call: int) -> int:
            scores = module(window(row))
            at = call * batch
            stored[at : at + batch] = scores[:, 0] > 0 if single else scores.argmax(1)
            return labels[at + batch - 1]

        return predict

    def scores(self, inputs: Inputs, into: bytearray) -> None:
        """Write the logits of every row."""
        rows = rows_of(inputs)
        scores = torch.frombuffer(into, dtype=torch.float32).view(inputs.rows, self.outputs)
        for start, stop in chunks(inputs.rows):
            scores[start:stop] = self._scores(rows[start:stop])

    def _scores(self, rows: torch.Tensor) -> torch.Tensor:
        return self._module(rows)


class CompiledModel(TorchModel):
    """A module that has passed through torch.compile, as its users write it.

    Rejected: compiling the argmax in as well. It takes up to a fifth off a call at 784->2
    and adds up to a minute of C++ compilation to a start, for each shape of the input.
    """

    def __init__(self, layers: list[tuple[Any, Any]]) -> None:
        """Compile for one row, which is what is asked most."""
        super().__init__(layers)
        self._eager = self._module
        # The compilations of an earlier model count against the limit of recompilations. Beyond it
        # PyTorch continues eagerly, unless it is told to fail.
        torch.compiler.reset()
        torch._dynamo.config.fail_on_recompile_limit_hit = True  # noqa: SLF001  # it has no other name
        self._module = torch.compile(self._eager)
        self._module(torch.zeros(1, self.width))

    def predictor(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give the function to be timed, with nothing left to compile for these shapes."""
        if inputs.batch > 1:
            rows, batch = rows_of(inputs), inputs.batch
            self._module(torch.zeros(batch, inputs.dim))
            if batch <= inputs.rows:
                self._module(rows[:batch])
        return super().predictor(inputs, labels)

    def _scores(self, rows: torch.Tensor) -> torch.Tensor:
        # Chunks of rows for the scores have other shapes; each shape would be compiled for one use.
        return self._module(rows[:1]) if len(rows) == 1 else self._eager(rows)


class CudaModel(TorchModel):
    """A module on a GPU: a call copies its rows there and its labels back.

    Both copies wait: ``item`` and a copy into host memory that is not pinned return when
    the device has finished all that was asked for before, so a call ends when its labels
    are in host memory, and none overlaps the next.
    """

    def __init__(self, layers: list[tuple[Any, Any]], device: str) -> None:
        """Bring the weights to the device."""
        super().__init__(layers)
        self._device = device
        self._module.to(device)
        torch.cuda.synchronize(device)

    def _of_one(self, floats: torch.Tensor, inputs: Inputs, labels: bytearray) -> Predict:
        module, as_strided, device = self._module, floats.as_strided, self._device
        hop, shape, strides = inputs.hop, (1, inputs.dim), (inputs.dim, 1)

        def predict(row: int, call: int) -> int:
            label = labels[call] = module(as_strided(shape, strides, row * hop).to(device)).argmax().item()
            return label

        def predict_log_odds(row: int, call: int) -> int:
            label = labels[call] = module(as_strided(shape, strides, row * hop).to(device)).item() > 0
            return label

        return predict_log_odds if self.outputs == 1 else predict

    def _of_many(self, inputs: Inputs, labels: bytearray) -> Predict:
        module, batch, device = self._module, inputs.batch, self._device
        ring = torch.arange(inputs.rows + batch) % inputs.rows
        window = windows(rows_of(inputs), ring, inputs.rows, batch)
        stored = torch.frombuffer(labels or bytearray(1), dtype=torch.uint8)
        single = self.outputs == 1

        def predict(row: int, call: int) -> int:
            scores = module(window(row).to(device))
            at = call * batch
            # Converted to bytes on the device, so that one byte for each row is copied back.
            stored[at : at + batch] = (scores[:, 0] > 0 if single else scores.argmax(1)).to(torch.uint8)
            return labels[at + batch - 1]

        return predict

    def transfer(self, inputs: Inputs, labels: bytearray) -> Predict:
        """Give a function that makes a call's copies, there and back, and nothing else."""
        batch, device = inputs.batch, self._device
        ring = torch.arange(inputs.rows + batch) % inputs.rows
        window = windows(rows_of(inputs), ring, inputs.rows, batch)
        stored = torch.frombuffer(labels or bytearray(1), dtype=torch.uint8)
        on_device = torch.zeros(batch, dtype=torch.uint8, device=device)

        def copy(row: int, call: int) -> int:
            window(row).to(device)
            at = call * batch
            stored[at : at + batch] = on_device
            return labels[at + batch - 1]

        return copy

    def _scores(self, rows: torch.Tensor) -> torch.Tensor:
        return self._module(rows.to(self._device)).to("cpu")


class TorchTrained:
    """A trained layer, in host memory."""

    def __init__(self, linear: nn.Linear) -> None:
        """Bring it to host memory, which waits for the device."""
        self._tensors = {
            "layers.0.weight": linear.weight.detach().to("cpu").contiguous(),
            "layers.0.bias": linear.bias.detach().to("cpu").contiguous(),
        }
        self.parameters = sum(tensor.numel() for tensor in self._tensors.values())

    def save(self, path: str) -> None:
        """Write the layer; safetensors.torch would need NumPy for it."""
        entries = {
            name: TensorSpec(
                dtype="float32", shape=list(tensor.shape), data_ptr=tensor.data_ptr(), data_len=tensor.nbytes
            )
            for name, tensor in self._tensors.items()
        }
        serialize_file(entries, path)


def trained_on(device: str, inputs: Inputs, labels: bytearray, training: Training) -> TorchTrained:
    """Train as PyTorch's tutorials do: a loss, autograd, and torch.optim.SGD."""
    with torch.inference_mode(mode=False), torch.enable_grad():
        rows = rows_of(inputs).to(device)
        linear = nn.Linear(inputs.dim, training.outputs)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        linear.to(device)
        single = training.outputs == 1
        classes = torch.frombuffer(labels, dtype=torch.uint8).to(device)
        due = classes.float().unsqueeze(1) if single else classes.long()
        loss_of: Any = nn.BCEWithLogitsLoss() if single else nn.CrossEntropyLoss()
        rate = training.learning_rate * (2 if single else 1)
        optimizer = torch.optim.SGD(linear.parameters(), lr=rate)
        for _ in range(training.epochs):
            for start, stop in training.batches(inputs.rows):
                optimizer.zero_grad()
                loss_of(linear(rows[start:stop]), due[start:stop]).backward()
                optimizer.step()
        return TorchTrained(linear)


class EagerEngine:
    """PyTorch on the CPU."""

    identity = Identity("pytorch", torch.__version__, ("safetensors",))

    def load(self, path: str, _format: str, _architecture: Architecture, threads: int) -> TorchModel:
        """Read the weights and set the threads of one operation; eager inference uses no others."""
        torch.set_num_threads(threads)
        return TorchModel(layers_of(load_file(path)))

    def train(self, inputs: Inputs, labels: bytearray, training: Training) -> TorchTrained:
        """Train."""
        return trained_on("cpu", inputs, labels, training)


class CompileEngine:
    """PyTorch through torch.compile. It trains as eager PyTorch does, so it does not offer to."""

    identity = Identity("pytorch-compile", torch.__version__, ("safetensors",))

    def load(self, path: str, _format: str, _architecture: Architecture, threads: int) -> CompiledModel:
        """Read the weights, set the threads, compile."""
        torch.set_num_threads(threads)
        return CompiledModel(layers_of(load_file(path)))


class CudaEngine:
    """PyTorch on the first GPU, in float32 throughout."""

    device = "cuda:0"
    identity = Identity("pytorch-cuda", torch.__version__, ("safetensors",), device=device)

    def __init__(self) -> None:
        """Keep matrix products from being rounded to TensorFloat-32."""
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    def load(self, path: str, _format: str, _architecture: Architecture, threads: int) -> CudaModel:
        """Read the weights and bring them to the device."""
        self._require_device()
        torch.set_num_threads(threads)
        return CudaModel(layers_of(load_file(path)), self.device)

    def train(self, inputs: Inputs, labels: bytearray, training: Training) -> TorchTrained:
        """Train on the device; bringing the rows there is part of it."""
        self._require_device()
        return trained_on(self.device, inputs, labels, training)

    def _require_device(self) -> None:
        if not torch.cuda.is_available():
            raise ContenderError("PyTorch sees no CUDA device; a GPU of NVIDIA's and its driver are needed")


ENGINES: dict[str, Any] = {"eager": EagerEngine, "compile": CompileEngine, "cuda": CudaEngine}

if __name__ == "__main__":
    way = sys.argv[1] if len(sys.argv) > 1 else "eager"
    with torch.inference_mode():
        raise SystemExit(serve(ENGINES[way](), WIRE))
