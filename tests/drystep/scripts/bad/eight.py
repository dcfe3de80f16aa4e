import paddle


def train():
    pass


if __name__ == "__main__":
    paddle.distributed.spawn(train, nprocs=8)
