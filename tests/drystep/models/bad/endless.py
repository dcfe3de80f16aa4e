"""A file that never comes to an end."""


def count():
    number = 0
    while True:
        number += 1


count()
