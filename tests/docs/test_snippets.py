"""Every snippet of every document does what the document says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from snippets import Session, assert_same, snippets

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OWNED_ELSEWHERE = {"architecture.md"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_snippets_do_what_it_says(document: Path, reader: Session) -> None:
    for snippet in snippets(document):
        if document.name == "README.md" and "pip install" in snippet.text:
            continue  # CI runs the README's commands; the tests don't install
        reader.take(snippet)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which isn't there"


def test_a_false_output_is_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        '<!-- output -->\n```text\none\n…\nlast 12 ms\n```\n\n- x\n\n  ```sh\n  echo "a\n    b"\n  ```\n'
    )
    said, indented = snippets(document)
    assert indented.text == 'echo "a\n  b"\n'
    assert_same(said.text, "one\ntwo\nthree\nlast 0.3 s\n", said)
    with pytest.raises(AssertionError, match=r"a\.md:"):
        assert_same(said.text, "one\ntwo\n", said)


def test_a_misspelt_directive_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("<!-- ouput -->\n```text\n```\n")
    with pytest.raises(ValueError, match="ouput"):
        snippets(tmp_path / "a.md")
