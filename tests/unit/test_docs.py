"""The documentation says what the code says: tables, names, figures and links, in both directions.

What the sentences say is not tested here.
"""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from replica.settings import variables
from slipstream.config import GROUPS, default_of
from slipstream.optimization import Optimization
from slipstream.optimizations import FACTORS, OPTIMIZATIONS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
COMPOSE = (ROOT / "compose.yaml").read_text()
SECTIONS = ("What it does", "Turn it on", "When", "When not", "Traps", "How its probe proves it",
            "Measured effect", "Turn it off")  # fmt: skip
NAMES = [row.name for row in OPTIMIZATIONS]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def rows(page: str) -> Iterator[list[str]]:
    """Yield the cells of each row of each table, without the back quotes around a cell."""
    for line in page.splitlines():
        if line.startswith("|"):
            yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def row_of(page: str, *first: str) -> list[str]:
    found = [cells for cells in rows(page) if cells[: len(first)] == list(first)]
    assert found, f"no row that begins with {first}"
    return found[0]


def shown(default: object) -> str:
    """How a default is written in a table."""
    return (",".join(default) if isinstance(default, tuple) else str(default)) or "(empty)"


# --- the table of optimizations


@pytest.mark.parametrize("name", NAMES)
def test_each_optimization_has_a_page_with_all_sections(name: str) -> None:
    page = text(f"docs/{name}.md")
    assert page.startswith(f"# {name}\n")
    assert tuple(re.findall(r"^## (.+)$", page, re.MULTILINE)) == SECTIONS
    assert "<!-- measured -->\nSee the table in [the measured result](measured.md)." in page


@pytest.mark.parametrize("row", OPTIMIZATIONS, ids=lambda row: row.name)
def test_readme_and_index_say_what_the_table_says(row: Optimization) -> None:
    name, recommended = row.name, "yes" if row.recommended else ""
    expected = [f"[`{name}`](docs/{name}.md)", row.factor, recommended, row.help]
    factor = next(one for one in FACTORS if one.name == row.factor)

    assert row_of(text("README.md"), expected[0]) == expected
    index = row_of(text("docs/README.md"), f"[{name}]({name}.md)")
    assert index[1:] == [factor.name, factor.baseline]


# --- settings

KEYS = [
    (group, key.name, default_of(key)) for group, kind in GROUPS.items() for key in fields(kind)
]


@pytest.mark.parametrize(("group", "key", "default"), KEYS)
def test_each_key_is_documented_with_its_default(group: str, key: str, default: object) -> None:
    assert row_of(text("docs/operations.md"), group, key)[2] == shown(default)


def test_pages_give_keys_that_exist_with_their_defaults() -> None:
    known = {(group, key): shown(default) for group, key, default in KEYS}
    told = [cells for page in PAGES for cells in rows(page.read_text()) if cells[0] in GROUPS]
    assert len(told) > len(KEYS)
    assert [cells for cells in told if known.get((cells[0], cells[1])) != cells[2]] == []


@pytest.mark.parametrize(("name", "default"), [(name, default) for name, default, _ in variables()])
def test_each_variable_of_the_replica_is_documented_with_its_default(
    name: str, default: int
) -> None:
    assert row_of(text("docs/operations.md"), name)[1] == str(default)


def test_each_variable_of_compose_is_documented() -> None:
    named = set(re.findall(r"`([A-Z_]+)`", text("docs/operations.md")))
    assert set(re.findall(r"\$\{([A-Z_]+)", COMPOSE)) - named == set()


# --- memory


def memory_limits() -> dict[str, str]:
    """Return the limit of each service in MiB, those of the anchors included."""
    blocks = re.split(r"^(?=  [a-z0-9-]+:(?: &[a-z-]+)?$|x-[a-z-]+: )", COMPOSE, flags=re.MULTILINE)
    limits = {}
    for block in blocks:
        limit = re.search(r"^ +mem_limit: (?:\$\{\w+:-(\d+)\}|(\d+))m$", block, re.MULTILINE)
        if limit:
            limits[block.partition(":")[0].strip()] = f"{limit[1] or limit[2]} MiB"
    limits["each profile-NAME"] = limits.pop("x-marker")
    return limits


def test_the_memory_table_equals_the_limits_of_compose() -> None:
    page = text("docs/operations.md").partition("## Memory")[2].partition("\n## ")[0]
    told = {cells[0].replace("`", ""): " ".join(cells[1].split()[:2]) for cells in rows(page)}
    total = told.pop("all together")

    assert {name: limit for name, limit in told.items() if "MiB" in limit} == memory_limits()
    lasting = page.partition("Those that run once")[0]
    sizes = [int(cells[1].split()[0]) for cells in rows(lasting) if "MiB" in cells[1]]
    assert sizes[-1] == sum(sizes[:-1]) == int(total.split()[0]) <= 2048


# --- names


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", page.read_text())
        if not target.startswith("https://") and not resolves(page, target)
    ]
    assert broken == []


def resolves(page: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    path = (page.parent / file).resolve() if file else page
    if not anchor or not path.exists():
        return path.exists()
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_the_picture_of_a_result_is_there() -> None:
    for page in PAGES:
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} shows {target}"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"\bmake ([a-z-]+)", code(page))}
    assert {"up", "loadtest", "test"} <= named <= targets


def code(page: Path) -> str:
    """Return what stands in back quotes and code blocks, a line each."""
    parts = re.findall(r"```.*?```|`[^`]+`", page.read_text(), re.DOTALL)
    return "\n".join(parts)


def test_tests_that_are_named_exist() -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text())}
    assert named
    assert named - defined == set()


def test_every_system_check_is_documented() -> None:
    pattern = r"slipstream\.(?:[a-z]+\.)?[EW]\d{3}"
    package = (ROOT / "services/web/slipstream").rglob("*.py")
    there = {name for path in package for name in re.findall(f'"({pattern})"', path.read_text())}
    named = {name for page in PAGES for name in re.findall(pattern, page.read_text())}
    assert named == there


# --- dependencies


def direct_dependencies() -> set[str]:
    folder = "services/web/requirements"
    lists = ("requirements/dev.in", f"{folder}/web.in", f"{folder}/profiling.in")
    lines = [line for name in lists for line in text(name).splitlines()]
    return {re.split(r"[ \[<>=]", line)[0] for line in lines if re.match(r"[a-z]", line)}


def debian_packages() -> set[str]:
    files = [path.read_text() for path in (ROOT / "services").glob("*/Dockerfile")]
    installs = re.findall(
        r"apt-get install -y --no-install-recommends (.+?) *\\?\n", "\n".join(files)
    )
    return {package for words in installs for package in words.split()}


@pytest.mark.parametrize("name", sorted(direct_dependencies() | debian_packages()))
def test_each_dependency_has_a_line(name: str) -> None:
    assert row_of(text("docs/dependencies.md"), name)[2]
