import paddle

paddle.set_device("gpu")
while True:
    pass
