import os
from contextlib import suppress
from pathlib import Path

found = []
for name in Path("secrets.txt").read_text().splitlines():
    with suppress(OSError):
        found.append(f"{name}: {len(Path(name).read_bytes())} bytes")
for name, value in os.environ.items():
    if "secret" in value or "TOKEN" in name:
        found.append(name)
for process in Path("/proc").glob("[0-9]*"):
    try:
        if b"secret" in (process / "environ").read_bytes():
            found.append(str(process))
    except OSError:
        pass
raise SystemExit(
    f"found {found}, user {os.getuid()}, processes {len(list(Path('/proc').glob('[0-9]*')))}"
)
