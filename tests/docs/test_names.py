"""Every file, module and setting that a document names is there, and the architecture's picture is the wiring."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()}
SUFFIXES = {".py", ".md", ".ipynb", ".toml", ".json", ".yaml", ".txt", ".Dockerfile"}
ARCHITECTURE = ROOT / "docs" / "architecture.md"


@pytest.fixture(scope="module")
def names_of_files() -> set[str]:
    """The names of all files of the repository, without their folders."""
    own = (path for folder in FOLDERS if not folder.startswith(".") for path in (ROOT / folder).rglob("*.*"))
    return {path.name for path in [*own, *ROOT.iterdir()]}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_it_names_is_there(document: Path, names_of_files: set[str]) -> None:
    missing = list(_missing(document.read_text("utf-8"), document.parent, names_of_files))
    assert not missing, f"{document.relative_to(ROOT)} names what isn't there: {', '.join(missing)}"


def test_what_is_not_there_is_found(names_of_files: set[str]) -> None:
    text = (
        "`state/plan.py` `state/nothing.py` `schedule.py` `nothing.py` `models.brain.Brain` `models.brain.Nothing` "
        "`memory/` `state.nothing` `python -m evals.nothing` <!-- file: mine.py --> `mine.py` `/usr/lib/yours.py`"
    )
    assert list(_missing(text, ROOT, names_of_files)) == [
        "state/nothing.py", "nothing.py", "models.brain.Nothing", "state.nothing", "evals.nothing",
    ]  # fmt: skip


def test_the_picture_of_the_architecture_is_the_wiring() -> None:
    from graph.orchestrator import build

    text = ARCHITECTURE.read_text("utf-8")
    chain = re.search(r"^START -> (.+) -> END$", text, re.MULTILINE)
    assert chain
    steps = ["__start__", *chain[1].split(" -> "), "__end__"]
    instead = text.split("| after | comes |")[1].split("\n\n")[0]
    told = {*pairwise(steps), *re.findall(r"^\| `(\w+)` \| `(\w+)` \|", instead, re.MULTILINE)}
    assert told | {("clarify", "intent")} == {(e.source, e.target) for e in build(brain="reflex").get_graph().edges}


def test_the_architecture_says_what_each_file_of_execution_decides() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    files = {path.name for path in (ROOT / "nodes" / "execution").glob("*.py")} - {"__init__.py"}
    assert {name for name in files if f"`{name}`" not in text} == set()


def test_the_architecture_shows_every_package() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    packages = re.findall(r"^root_packages = \[(.+)\]", (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert packages
    assert [name for name in re.findall(r'"(\w+)"', packages[0]) if f"| `{name}/` |" not in text] == []


def test_the_example_of_settings_can_be_filled_in(tmp_path: Path) -> None:
    from memory.settings import Settings

    given = re.findall(r"^# ([A-Z_]+=.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    known = {f"ORCHESTRATE_{name.upper()}" for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        known.update(map(str, getattr(field.validation_alias, "choices", ())))
    assert {line.partition("=")[0] for line in given} - known == {"LANGSMITH_TRACING"}  # LangSmith reads it itself
    (tmp_path / ".env").write_text("\n".join(given), "utf-8")
    assert Settings(_env_file=tmp_path / ".env").smtp_url  # type: ignore[call-arg]


def _missing(text: str, folder: Path, names_of_files: set[str]) -> Iterator[str]:
    """The files and modules that `text` names and that aren't there; it may make files itself."""
    made = set(re.findall(r"<!-- file: (\S+) -->", text))
    for name in dict.fromkeys(re.findall(r"`([\w./-]+)`", text)):
        if name in made or name.startswith("/") or (ROOT / name).exists() or (folder / name).exists():
            continue
        is_file = Path(name).suffix in SUFFIXES
        if is_file and "/" not in name:
            found = name in names_of_files
        elif is_file or ("/" in name and name.split("/")[0] in FOLDERS):
            found = False
        elif re.fullmatch(r"[a-z]\w*(\.\w+)+", name) and name.split(".")[0] in FOLDERS:
            found = _is_importable(name)
        else:
            continue
        if not found:
            yield name
    yield from (name for name in re.findall(r"python -m ([\w.]+)", text) if not _is_importable(name))


def _is_importable(name: str) -> bool:
    """Whether a dotted name is a module, or leads to something in one."""
    module, attributes = name, list[str]()
    while module and not _is_module(module):
        module, _, attribute = module.rpartition(".")
        attributes.insert(0, attribute)
    if not module or not attributes:
        return bool(module)
    found = importlib.import_module(module)
    for attribute in attributes:
        if not hasattr(found, attribute) and attribute not in getattr(found, "__annotations__", {}):
            return False
        found = getattr(found, attribute, None)
    return True


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
