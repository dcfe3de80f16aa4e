import os

made = 0
while made < 5000:
    try:
        if os.fork() == 0:
            while True:
                pass
    except OSError:
        break
    made += 1
raise SystemExit(f"made {made}")
