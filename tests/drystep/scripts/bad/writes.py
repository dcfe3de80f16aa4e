"""Writes wherever it can before it trains, also through other programs."""

import os
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import paddle

Path("plain.py").write_text("spoiled")
os.makedirs("made/here")
subprocess.run("echo spoiled > by_a_program.txt", shell=True, check=False)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()


class Data(paddle.io.Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        return np.ones([8], "float32")


model = paddle.nn.Linear(8, 8)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
for batch in paddle.io.DataLoader(Data(), batch_size=2):
    model(batch[0] if isinstance(batch, list) else batch).sum().backward()
    optimizer.step()
    optimizer.clear_grad()
    paddle.save(model.state_dict(), "made/here/model.pdparams")
