"""The page in a real browser: headless Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.service.apps import SOURCE
from tests.service.live import service

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.paddle,
    pytest.mark.xdist_group("service"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SERIOUS = ("serious", "critical")
DONE = 45_000


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with service(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def pages(browser, live):
    """Makes pages whose every console error and foreign request is a failure."""
    contexts, complaints = [], []

    def made(**settings):
        context = browser.new_context(base_url=live.base, **settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type in ("error", "warning") and heard(said.text))
        page.on("pageerror", lambda error: heard(str(error)))
        page.on("request", lambda asked: asked.url.startswith(live.base) or foreign(asked.url))
        return page

    def heard(text):
        # the browser's own word for an answer of 422, which the page shows in full
        if "the server responded with a status of 422" not in text:
            complaints.append(text)

    def foreign(url):
        if not url.startswith("data:"):
            complaints.append(url)

    yield made
    for context in contexts:
        context.close()
    assert complaints == []


def accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
    assert serious == []


def ask(page, source=SOURCE):
    page.goto("/")
    page.get_by_label("Or its source").fill(source)
    page.locator("#batch_size").fill("8")
    page.locator("#gpu").select_option("T4")


@pytest.fixture
def result(pages):
    page = pages()
    ask(page)
    page.get_by_role("button", name="Estimate").click()
    page.locator(".verdict").wait_for(timeout=DONE)
    return page


def test_from_the_form_over_progress_to_the_yaml(pages):
    page = pages(accept_downloads=True)
    ask(page, SOURCE + "# shown as it goes\n")
    command = page.locator("#preview").inner_text()
    assert command == "paddle-estimate model.py --batch-size 8 --gpu T4"
    page.get_by_role("button", name="Estimate").click()
    page.locator(".verdict").wait_for(timeout=DONE)
    assert page.locator(".verdict").inner_text().startswith("It fits: 1 x T4 at batch 8")
    assert page.locator("#manifest").inner_text().startswith("apiVersion: batch/v1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "model.yaml"
    assert "kind: Job" in Path(download.value.path()).read_text()
    page.locator("#kind").select_option("volcano")
    page.get_by_role("button", name="Show").click()
    assert "batch.volcano.sh" in page.locator("#manifest").inner_text()
    assert (
        page.locator("figure img").first.evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        > 0
    )


def test_a_bad_model_keeps_its_input(pages):
    page = pages()
    ask(page, "def build_model(:\n")
    page.get_by_role("button", name="Estimate").click()
    page.get_by_role("alert").wait_for(timeout=DONE)
    assert "SyntaxError" in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Change and ask again").click()
    assert page.get_by_label("Or its source").input_value() == "def build_model(:\n"
    assert page.locator("#batch_size").input_value() == "8"
    page.locator("#deadline").fill("soon")
    page.get_by_role("button", name="Estimate").click()
    assert "'soon' is not a time" in page.get_by_role("alert").inner_text()
    assert page.locator("#deadline").input_value() == "soon"
    assert page.get_by_label("Or its source").input_value() == "def build_model(:\n"


def test_chinese(pages, result):
    page = pages(locale="zh-CN")
    page.goto(result.url)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator(".verdict").inner_text().startswith("可行：1 x T4")
    accessible(page)
    page.get_by_role("button", name="English").click()
    assert page.locator(".verdict").inner_text().startswith("It fits")
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "en"


def test_keyboard_alone(pages):
    page = pages()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id")
        if name == "source":
            page.keyboard.insert_text(SOURCE)
        elif name == "batch_size":
            page.keyboard.type("8")
        elif name == "gpu":
            page.keyboard.type("T4")
        elif page.evaluate("document.activeElement.className") == "main":
            break
    page.keyboard.press("Enter")
    page.locator(".verdict").wait_for(timeout=DONE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(pages, result, scheme):
    page = pages(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    addresses = ["/", "/estimates", "/compare", "/gpus", "/templates", "/templates/ocr", "/login"]
    for address in (*addresses, result.url):
        page.goto(address)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_a_telephone_gets_pictures_whose_letters_can_be_read(pages, result):
    page = pages(viewport={"width": 360, "height": 740})
    page.goto(result.url)
    pictures = [
        image.evaluate("image => image.decode().then(() => [image.currentSrc, image.naturalWidth])")
        for image in page.locator("figure img").all()
    ]
    assert [source.rpartition("/")[2] for source, _ in pictures[:2]] == [
        "memory-narrow.svg",
        "time-narrow.svg",
    ]
    assert all(width <= 360 for _, width in pictures)  # so that none is scaled down


def test_under_the_picture_of_time_stand_its_figures(pages, result):
    page = pages()
    page.goto(result.url)
    rows = page.get_by_role("region", name="Time of a training step").locator("tbody tr")
    shares = [float(text.rstrip("%")) for text in rows.locator("td.number").all_inner_texts()]
    assert shares == sorted(shares, reverse=True)
    # rounded to a tenth of a percent each
    assert sum(shares) == pytest.approx(100, abs=0.5)


def test_on_paper_nothing_is_cut_off(pages, result):
    page = pages(viewport={"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.emulate_media(media="print")
    page.goto(result.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 794


def test_the_difference_from_the_template_has_its_reasons(pages, result):
    page = pages()
    page.goto(result.url)
    rows = page.locator("table.diff tr.added")
    row = rows.filter(has_text="nvidia.com/gpu: 1").first
    assert row.locator("td.reason").inner_text() != ""
    twin = page.locator("a[href*='/manifest/diff']").get_attribute("href")
    assert page.request.get(twin).json()["template"] == "training"


def test_two_results_side_by_side(pages, result):
    page = pages()
    page.goto("/estimates")
    rows = page.locator("input[name=left]")
    rows.first.check()
    page.locator("input[name=right]").first.check()
    page.get_by_role("button", name="Compare").click()
    assert "Peak allocated" in page.locator("main").inner_text()
    twin = page.locator("link[rel=alternate]").get_attribute("href")
    assert page.request.get(twin).json()["differences"] == []


def test_without_script_the_answer_comes_all_the_same(pages):
    page = pages(java_script_enabled=False)
    ask(page, SOURCE + "# no script\n")
    page.get_by_role("button", name="Estimate").click()
    page.locator(".verdict").wait_for(timeout=DONE)
    assert page.locator("table").first.is_visible()
