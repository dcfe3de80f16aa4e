import paddle

paddle.nn.Linear(4, 4)(paddle.ones([2, 4]))
