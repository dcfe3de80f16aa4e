sum(iter(int, 1))
