import paddle

model = paddle.nn.Linear(4, 4)
model(paddle.ones([2, 5]))
