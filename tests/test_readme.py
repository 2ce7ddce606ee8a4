"""The README's promises: its grids are valid, its names exist, its files are there."""

import re

import pytest
import yaml

import larqca
from larqca.sweep.grid import load_grid


@pytest.fixture(scope="module")
def readme(project_root):
    return (project_root / "README.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_grids_are_accepted(readme, tmp_path, monkeypatch):
    (tmp_path / "my_package").mkdir()
    for block in blocks(readme, "yaml"):
        content = yaml.safe_load(block)
        if "name" in content:
            grid = load_grid(content)
            assert len(grid.runs) == 15


def test_the_python_example_trains(readme, tmp_path, monkeypatch):
    (job, model) = blocks(readme, "python")
    monkeypatch.chdir(tmp_path)
    short = job.replace('"training": {"iterations": 1500}',
                        '"training": {"iterations": 3}, "evaluation": {"steps": 9, "images": 9}')
    assert short != job
    names = {}
    exec(short, names)
    assert list(names["table"]["row"]) == ["float", "ternary"]
    names = {"images": larqca.load_data("digits").test_images[:2]}
    exec(model, names)
    assert names["labels"].shape == (2, 8, 8)


def test_public_names_exist():
    for name in larqca.__all__:
        assert getattr(larqca, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'train_everything'"):
        larqca.train_everything  # noqa: B018


def test_files_that_it_names_are_there(readme, project_root):
    quoted = re.findall(r"`((?:larqca|sweeps|reports)/[\w/.]+\.\w+)`", readme)
    linked = re.findall(r"\]\((reports/[^)#]+)[^)]*\)", readme)
    assert quoted
    assert linked
    for path in quoted + linked:
        assert (project_root / path).exists(), path


def test_links_of_all_pages_lead_somewhere(project_root):
    pages = [project_root / "README.md", *sorted((project_root / "reports").rglob("*.md"))]
    assert len(pages) > 20
    assert [(page, link) for page in pages for link in dead_links(page)] == []


def dead_links(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http:", "https:")):
            path, _, anchor = link.partition("#")
            target = (page.parent / path) if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                yield link


def anchors(page):
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
