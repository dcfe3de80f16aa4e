"""The style of Paddle's suites: a YAML file, overrides, relative paths, a custom collate_fn."""

import argparse
from pathlib import Path

import numpy as np
import paddle
import yaml

parser = argparse.ArgumentParser()
parser.add_argument("-c", "--config", required=True)
parser.add_argument("-o", "--override", action="append", default=[])
args = parser.parse_args()
config = yaml.safe_load(Path(args.config).read_text())
for pair in args.override:
    key, _, value = pair.partition("=")
    config[key] = yaml.safe_load(value)


class Sentences(paddle.io.Dataset):
    """Sentences of different lengths, padded per batch."""

    def __len__(self):
        return config["samples"]

    def __getitem__(self, index):
        return [index % 50] * (5 + 7 * (index % 11))


def collate(sentences):
    longest = max(map(len, sentences))
    ids = np.zeros([len(sentences), longest], "int64")
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = sentence
    return {"ids": ids, "length": np.array([len(s) for s in sentences], "int64")}


class Tagger(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.embedding = paddle.nn.Embedding(50, config["width"])
        self.output = paddle.nn.Linear(config["width"], 9)

    def forward(self, ids):
        return self.output(self.embedding(ids))


np.random.seed(1)  # the first batches are of different lengths
loader = paddle.io.DataLoader(
    Sentences(), batch_size=config["batch_size"], shuffle=True, collate_fn=collate
)
model = Tagger()
optimizer = paddle.optimizer.AdamW(parameters=model.parameters())
for _ in range(config["epochs"]):
    for batch in loader:
        loss = model(batch["ids"]).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
Path("done.txt").write_text("done")
