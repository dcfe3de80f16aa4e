"""Makes its batches by hand, and looks at how it does now and then."""

import argparse

import paddle

parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int, default=8)
args = parser.parse_args()

model = paddle.nn.Linear(100, 10)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
for step in range(1000):
    inputs = paddle.randn([args.batch_size, 100])
    outputs = model(inputs)
    loss = outputs.mean()
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    if step % 5 == 4:
        model.eval()
        with paddle.no_grad():
            model(paddle.randn([4 * args.batch_size, 100]))
        model.train()
