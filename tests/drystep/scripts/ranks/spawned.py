import threading

import paddle
import paddle.distributed as dist


def train():
    dist.init_parallel_env()
    paddle.set_device(f"gpu:{dist.get_rank() % paddle.device.cuda.device_count()}")
    model = paddle.DataParallel(paddle.nn.Linear(64, 64))
    optimizer = paddle.optimizer.SGD(parameters=model.parameters())
    for _ in range(9):
        model(paddle.randn([2, 64])).mean().backward()
        optimizer.step()
        optimizer.clear_grad()
        told = threading.Thread(target=dist.all_reduce, args=(paddle.ones([1]),))
        told.start()
        told.join()


if __name__ == "__main__":
    dist.spawn(train, nprocs=4)
