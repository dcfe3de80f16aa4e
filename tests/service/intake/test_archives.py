"""Archives that mean no good, and some that do."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import BadInput
from estimator.service.intake.archives import files_of
from estimator.service.settings import Bounds

BOUNDS = Bounds(unpacked_bytes=100_000, files=5)


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(*members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            if not isinstance(member, tarfile.TarInfo):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(name, content):
    with pytest.raises(BadInput) as caught:
        files_of(name, content, BOUNDS)
    assert "\n" not in caught.value.what
    return caught.value.what


def test_plain_files_and_both_kinds_of_archive():
    assert files_of("net.py", b"x = 1", BOUNDS) == {"net.py": b"x = 1"}
    assert files_of("C:\\work\\net.py", b"", BOUNDS) == {"net.py": b""}
    wanted = {"a/model.py": b"1", "b.py": b"2"}
    assert files_of("job.zip", zipped(("a/model.py", b"1"), ("b.py", b"2")), BOUNDS) == wanted
    assert files_of("job.tgz", tarred(("a/model.py", b"1"), ("b.py", b"2")), BOUNDS) == wanted


@pytest.mark.parametrize("name", ["../up.py", "/etc/passwd", "a/../../b.py", "a\\..\\b.py", "a\nb"])
def test_names_that_lead_out(name):
    assert "leads out of the folder" in refused("job.tgz", tarred((name, b"")))
    if "\\" not in name:
        assert "leads out of the folder" in refused("job.zip", zipped((name, b"")))


def test_links_and_devices():
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        said = refused("job.tar.gz", tarred((special("model.py", kind, "/etc/passwd"), b"")))
        assert said == "'model.py' is a link or a device, not a file"
    link = zipfile.ZipInfo("model.py")
    link.external_attr = 0o120777 << 16
    assert "is a link or a device" in refused("job.zip", zipped((link, b"/etc/passwd")))


def test_bombs_stop_at_the_bound():
    bomb = zipped(("model.py", bytes(50_000_000)))
    assert len(bomb) < 60_000
    assert refused("job.zip", bomb) == "unpacks to more than 100000 bytes"
    assert "unpacks to more" in refused("job.tgz", tarred(("model.py", bytes(5_000_000))))
    many = zipped(*((f"{n}.py", b"") for n in range(6)))
    assert refused("job.zip", many) == "holds more than 5 files"


def test_damaged_and_empty():
    assert "damaged" in refused("job.tgz", tarred(("model.py", b"x" * 100))[:40])
    broken = bytearray(zipped(("model.py", b"x" * 1000), compression=zipfile.ZIP_STORED))
    broken[60] ^= 255
    assert "damaged" in refused("job.zip", bytes(broken))
    assert refused("job.zip", zipped()) == "the archive is empty"


@given(st.binary(max_size=400), st.sampled_from(["a.zip", "a.tar", "a.tgz", "a.tar.xz", "a.py"]))
def test_any_bytes_are_files_or_refused(content, name):
    try:
        files = files_of(name, content, BOUNDS)
    except BadInput:
        return
    assert all(not one.startswith("/") and ".." not in one.split("/") for one in files)
