import paddle

if paddle.distributed.get_rank() == 1:
    raise RuntimeError("not on this one")
model = paddle.nn.Linear(4, 4)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
for _ in range(9):
    model(paddle.randn([2, 4])).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
