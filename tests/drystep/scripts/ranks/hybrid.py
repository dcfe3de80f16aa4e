"""A decoder in any of Fleet's layouts: python hybrid.py pp=2 mp=2 stage=1 ..."""

import sys

import numpy as np
import paddle
from paddle import nn
from paddle.distributed import fleet
from paddle.distributed.fleet.meta_parallel import (
    ColumnParallelLinear,
    LayerDesc,
    ParallelCrossEntropy,
    PipelineLayer,
    RowParallelLinear,
    VocabParallelEmbedding,
)
from paddle.distributed.fleet.utils import recompute

WORDS, HIDDEN, LENGTH = 512, 64, 32
said = {"dp": 1, "mp": 1, "pp": 1, "sharding": 1, "micro": 2, "batch": 4, "redo": 0, "chunks": 1}
said["blocks"] = 4
said |= {name: int(value) for name, _, value in (word.partition("=") for word in sys.argv[1:])}


class Words(nn.Layer):
    def __init__(self):
        super().__init__()
        self.table = VocabParallelEmbedding(WORDS, HIDDEN)

    def forward(self, words):
        return self.table(words)


class Block(nn.Layer):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN)
        self.up = ColumnParallelLinear(HIDDEN, 4 * HIDDEN, gather_output=False, has_bias=True)
        self.down = RowParallelLinear(4 * HIDDEN, HIDDEN, input_is_parallel=True, has_bias=True)

    def forward(self, x):
        return recompute(self.inner, x) if said["redo"] else self.inner(x)

    def inner(self, x):
        return x + self.down(nn.functional.gelu(self.up(self.norm(x))))


class Head(nn.Layer):
    def __init__(self):
        super().__init__()
        self.out = ColumnParallelLinear(HIDDEN, WORDS, gather_output=False, has_bias=False)

    def forward(self, x):
        return self.out(x)


def loss_of(scores, words):
    loss = ParallelCrossEntropy() if said["mp"] > 1 else nn.functional.cross_entropy
    return loss(scores, words.unsqueeze(-1)).mean()


class Samples(paddle.io.Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        words = (np.arange(LENGTH + 1) * (index + 1)) % WORDS
        return words[:-1], words[1:]


def main():
    strategy = fleet.DistributedStrategy()
    degrees = ("dp", "mp", "pp", "sharding")
    strategy.hybrid_configs = {f"{name}_degree": said[name] for name in degrees}
    strategy.pipeline_configs = {
        "accumulate_steps": said["micro"],
        "micro_batch_size": said["batch"] // said["micro"],
    }
    fleet.init(is_collective=True, strategy=strategy)
    layers = [LayerDesc(Words), *(LayerDesc(Block) for _ in range(said["blocks"])), LayerDesc(Head)]
    if said["pp"] > 1:
        several = said["chunks"] if said["chunks"] > 1 else None
        model = PipelineLayer(
            layers,
            topology=fleet.get_hybrid_communicate_group().topology(),
            loss_fn=loss_of,
            num_virtual_pipeline_stages=several,
            seg_method="layer:Block" if several else "uniform",
        )
    else:
        model = nn.Sequential(*(each.build_layer() for each in layers))
    optimizer = paddle.optimizer.AdamW(parameters=model.parameters())
    model = fleet.distributed_model(model)
    optimizer = fleet.distributed_optimizer(optimizer)
    loader = paddle.io.DataLoader(Samples(), batch_size=said["batch"])
    for words, following in loader:
        if said["pp"] > 1:
            loss = model.train_batch([words, following], optimizer)
        else:
            loss = loss_of(model(words), following)
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
        print(loss)


main()
