"""The model and optimizers of a script, gathered from what it calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import paddle

from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.blocks import Blocks, blocks_of
from estimator.drystep.measurement import ModelFacts, Precision

_HALF = ("float16", "bfloat16")


class ModelSeen:
    """Layers that the training loop called, and optimizers that stepped. Holds no tensors."""

    def __init__(self) -> None:
        self._layers: dict[int, paddle.nn.Layer] = {}
        self._optimizers: dict[int, Any] = {}
        self.precision = Precision()

    def called(self, layer: paddle.nn.Layer) -> None:
        """The training loop called ``layer``; the precision is the one in force."""
        if id(layer) in self._layers or not layer.parameters():
            return
        self._layers[id(layer)] = layer
        self.precision = _precision(layer)

    def stepped(self, optimizer: Any) -> None:
        """``optimizer`` has done an update."""
        inner = wrapped_optimizers(optimizer)[-1]
        self._optimizers[id(inner)] = inner

    def is_trained(self, layer: paddle.nn.Layer) -> bool:
        """Whether some optimizer updates a parameter of ``layer``."""
        trained = {id(p) for p in self._updated()}
        return any(id(p) in trained for p in layer.parameters())

    def parameters(self) -> list[paddle.Tensor]:
        """Each parameter once."""
        found = [p for layer in self._layers.values() for p in layer.parameters()]
        return list({id(p): p for p in (*found, *self._updated())}.values())

    def layer_names(self) -> dict[int, str]:
        """The paths of the layers inside the ones that the loop called, by their identity."""
        roots = map(_unwrapped, self._layers.values())
        return {id(layer): name for root in roots for name, layer in root.named_sublayers()}

    def lasting_blocks(self, batch: Blocks) -> dict[str, Blocks]:
        """What lives through a whole step, by kind; the batch counts as activations."""
        buffers = (b for layer in self._layers.values() for b in layer.buffers())
        states = (o.state_dict() for o in self._optimizers.values())
        return {
            "parameters": blocks_of(self.parameters()),
            "buffers": blocks_of(buffers),
            "optimizer_state": blocks_of(t for state in states for t in tensors_in(state)),
            "activations": batch,
        }

    def gradient_addresses(self) -> set[int]:
        """Where gradients stand now."""
        return set(blocks_of(p.grad for p in self.parameters() if p.grad is not None))

    @property
    def layers(self) -> list[paddle.nn.Layer]:
        """What the training loop called."""
        return list(self._layers.values())

    @property
    def is_on_the_cpu(self) -> bool:
        """Whether no parameter is on the device; one that sharding has released is nowhere."""
        found = [p for p in self.parameters() if p._is_initialized()]
        return bool(found) and all(p.place.is_cpu_place() for p in found)

    @property
    def optimizers(self) -> int:
        """How many have stepped."""
        return len(self._optimizers)

    @property
    def optimizer_names(self) -> str:
        """Such as ``AdamW``, or ``Adam, Momentum`` of several."""
        return ", ".join(dict.fromkeys(type(o).__name__ for o in self._optimizers.values()))

    def facts(self, script: str) -> ModelFacts:
        """What the model is: its largest layer gives the name."""
        parameters = self.parameters()
        root = max(map(_unwrapped, self._layers.values()), key=_size, default=None)
        sublayers = [] if root is None else root.sublayers(include_self=True)
        return ModelFacts(
            name=script if root is None else type(root).__name__,
            parameters=sum(p.size for p in parameters),
            trainable_parameters=sum(p.size for p in parameters if not p.stop_gradient),
            source=f"the training loop of {script}",
            layer_types=Counter(
                type(layer).__name__
                for layer in sublayers
                if type(layer).__module__.startswith("paddle.nn.")
            ),
        )

    def _updated(self) -> Iterable[paddle.Tensor]:
        for optimizer in self._optimizers.values():
            for entry in getattr(optimizer, "_parameter_list", None) or ():
                yield from entry["params"] if isinstance(entry, dict) else (entry,)


_INNER = ("_inner_opt", "_inner_optimizer", "_optim")
"""Where Fleet's optimizers keep the one that they wrap."""


def wrapped_optimizers(optimizer: Any) -> list[Any]:
    """The optimizer and those that it wraps, the innermost last."""
    found = [optimizer]
    while inner := next(filter(None, (vars(found[-1]).get(name) for name in _INNER)), None):
        if any(inner is known for known in found):  # stage 3 makes an optimizer its own
            break
        found.append(inner)
    return found


def _unwrapped(layer: paddle.nn.Layer) -> paddle.nn.Layer:
    """The user's layer inside ``paddle.DataParallel`` and its like."""
    inner = getattr(layer, "_layers", None)
    return _unwrapped(inner) if isinstance(inner, paddle.nn.Layer) else layer


def _size(layer: paddle.nn.Layer) -> int:
    return sum(p.size for p in layer.parameters())


def _precision(layer: paddle.nn.Layer) -> Precision:
    """That of ``auto_cast`` here, else of the parameters."""
    tracer = paddle.base.framework._dygraph_tracer()
    level = tracer._amp_level.name
    if level in ("O1", "O2"):
        return Precision(level, tracer._amp_dtype)
    sizes: Counter[str] = Counter()
    for parameter in layer.parameters():
        sizes[str(parameter.dtype).removeprefix("paddle.")] += parameter.size
    dtype = sizes.most_common(1)[0][0]
    return Precision("O2", dtype) if dtype in _HALF else Precision()
