"""The page in a real browser: whole, without an error, on paper and on a small screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estimator.cli import main
from estimator.report.build import SECTIONS
from tests.cli.test_report import CLUSTER, FAILED, HEADER, MAP, ONE, RUNNING

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="Chromium is not installed (apt-get install chromium)"
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of a few jobs with every section, in both languages."""
    folder = tmp_path_factory.mktemp("where_people_keep_the_logs_of_a_cluster")
    (folder / "cluster.yaml").write_text(CLUSTER)
    (folder / "jobs.csv").write_text(HEADER + ONE + FAILED + RUNNING)
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADDLE_ESTIMATE_HOME", str(folder / "home"))
        for language in ("en", "zh"):
            made[language] = folder / f"{language}.html"
            words = ["report", str(folder / "jobs.csv"), *MAP, "--lang", language]
            rest = ["--cluster", str(folder / "cluster.yaml"), "--out", str(made[language])]
            assert main([*words, *rest]) == 0
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [360, 794])  # a telephone; A4 at 96 dots an inch
def test_every_section_is_there_and_nothing_is_wrong(
    pages: dict[str, Path], browser: Any, language: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    page.goto(pages[language].as_uri())
    assert said == []
    ids = page.eval_on_selector_all("main > section", "all => all.map(one => one.id)")
    assert ids == list(SECTIONS)
    assert all(page.locator(f"#{key} h2").is_visible() for key in SECTIONS)
    # wide tables scroll in their own box; the page itself does not
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("svg[role=img]").count() >= 5
    doubled = "all => all.map(one => one.id).filter((id, at, ids) => ids.indexOf(id) !== at)"
    assert page.eval_on_selector_all("[id]", doubled) == []
    # what a section lacks stands in it, what it has has its n
    assert page.locator("#forecast .lacking").is_visible()
    assert "n = 3" in page.locator("#scope .figure").first.inner_text()
    page.close()


def test_what_is_not_known_and_pictures_are_said_in_chinese(pages: dict[str, Path]) -> None:
    page = pages["zh"].read_text(encoding="utf-8")
    for english in ("as it is", "on one node", "GPU-hours", "succeeded"):
        assert english not in page
        assert english in pages["en"].read_text(encoding="utf-8")


def test_moments_are_those_of_the_time_zone(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(HEADER + ONE)
    words = ["report", str(tmp_path / "jobs.csv"), *MAP, "--section", "scope"]
    assert main([*words, "--timezone", "Asia/Shanghai", "--out", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "CST" in page
    assert "UTC" not in page


def test_it_prints(pages: dict[str, Path], browser: Any) -> None:
    page = browser.new_page()
    page.goto(pages["en"].as_uri())
    assert len(page.pdf(format="A4")) > 20_000
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    page.close()
