import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
answers = {}
for name, number, *arguments in (
    ("unshare", 272, 0x10000000),
    ("memfd_create", 319, b"x", 0),
    ("ptrace", 101, 16, 1, 0, 0),
    ("mount", 165, b"none", b"/tmp", b"tmpfs", 0, 0),
    ("setuid", 105, 0),
    ("clone_newuser", 56, 0x10000000 | 17, 0, 0, 0, 0),
):
    answers[name] = libc.syscall(number, *arguments)
    if name == "clone_newuser" and answers[name] == 0:
        os._exit(0)
raise SystemExit(str(answers))
