import resource

# the soft limit is the child's own; a stranger lifts it
_, hard = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
kept = []
while True:
    kept.append(bytearray(b"x") * (64 << 20))
