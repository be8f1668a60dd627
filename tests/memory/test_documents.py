"""The index of documents on real manuals, on every format, and on files that are broken or hostile."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory.documents import DocumentIndex, DocumentsError, Hit, index_for
from memory.documents.reading import LARGEST_FILE

ROOT = Path(__file__).parents[2]
CONSTITUTION = ROOT / "examples" / "us-constitution.txt"
POLICY = Path("/usr/share/doc/debian-policy")
needs_policy = pytest.mark.skipif(
    not (POLICY / "policy.txt.gz").exists(), reason="Debian's manuals aren't installed (package debian-policy)"
)


@pytest.fixture
def index(tmp_path: Path) -> DocumentIndex:
    return DocumentIndex(tmp_path / "index" / "documents.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def constitution(tmp_path_factory: pytest.TempPathFactory) -> DocumentIndex:
    index = DocumentIndex(tmp_path_factory.mktemp("constitution") / "index.sqlite")
    index.add([CONSTITUTION])
    return index


def squeezed(text: str) -> str:
    return " ".join(text.split())


QUESTIONS = {
    "How old must a senator be?": "Article I, Section 3,",
    "How old must a representative be?": "Article I, Section 2,",
    "Who can declare war?": "Article I, Section 8,",
    "Who tries impeachments?": "Article I, Section 3,",
    "What is treason?": "Article III, Section 3,",
    "Which amendment abolished slavery?": "Amendment XIII, Section 1,",
    "Is freedom of speech protected?": "Amendment I,",
    "What does the Constitution say about the right to bear arms?": "Amendment II,",
    "How many terms may a president serve?": "Amendment XXII, Section 1,",
    "Who becomes president if the president dies?": "Amendment XXV, Section 1,",
    "Who is the commander in chief?": "Article II, Section 2,",
    "Can Congress tax exports?": "Article I, Section 9,",
    "Is cruel punishment allowed?": "Amendment VIII,",
    "What is the voting age?": "Amendment XXVI, Section 1,",
    "How long do judges hold their offices?": "Article III, Section 1,",
    "What happens when a bill is vetoed?": "Article I, Section 7,",
    "May soldiers be quartered in houses?": "Amendment III,",
    "What is the supreme law of the land?": "Article VI,",
    "right to a speedy trial": "Amendment VI,",
    "May a state make treaties?": "Article I, Section 10,",
    "Can Congress levy an income tax?": "Amendment XVI,",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_section_that_answers_comes_first(constitution: DocumentIndex, question: str) -> None:
    best = constitution.search(question, 3)[0]
    assert best.place.startswith(QUESTIONS[question])
    assert best.score > 0.3


@pytest.mark.parametrize(
    "question",
    ["best pizza in Naples", "How do I install python?", "weather tomorrow", "who won the world cup",
     "price of bitcoin",
     "Can I bring my dog on a plane?", "How old is the universe?", "What is the capital of France?"],
)  # fmt: skip
def test_a_question_off_the_topic_is_recognised_by_its_score(constitution: DocumentIndex, question: str) -> None:
    assert all(hit.score < 0.3 for hit in constitution.search(question, 10))


def test_passages_are_verbatim_and_their_lines_are_right(constitution: DocumentIndex) -> None:
    text = CONSTITUTION.read_text()
    whole, lines = squeezed(text), text.splitlines()
    hits = {hit for question in QUESTIONS for hit in constitution.search(question, 20)}
    for hit in hits:
        assert all(paragraph in whole for paragraph in hit.text.split("\n"))
        line = int(hit.place.rpartition("line ")[2])
        opening, *rest = hit.text.split("\n")
        # A list that goes on has its opening words first, which stand further above.
        assert any(paragraph.split()[0] in lines[line - 1] for paragraph in (opening, *rest[:1]))
    assert len(hits) > 50


def test_a_list_that_goes_on_keeps_the_words_that_open_it(constitution: DocumentIndex) -> None:
    hit = constitution.search("power to declare war", 1)[0]
    assert hit.text.startswith("The Congress shall have Power\n")
    assert "\nTo declare War, grant Letters of Marque" in hit.text


def test_headings_with_numbers_are_known_even_as_questions(tmp_path: Path) -> None:
    manual = tmp_path / "manual.txt"
    manual.write_text(
        "A Manual\n\nChapter 1. Use\n\n1.1. How do I start the machine, and what\nshould I do first?\n\n"
        "    Press the green button for a while.\n\n1.2. Stopping\n\n    Press the red button once.\n"
    )
    index = DocumentIndex(tmp_path / "index.sqlite")
    index.add([manual])
    places = {hit.text: hit.place for hit in index.search("press the button", 5)}
    assert places["Press the green button for a while."].startswith(
        "1.1. How do I start the machine, and what should I"
    )
    assert places["Press the red button once."] == "Chapter 1. Use, 1.2. Stopping, line 12"


@pytest.mark.parametrize("text", ["Buy Milk", "Shopping\n\nMilk\n", "Title\n=====\n"])
def test_a_text_of_headings_alone_is_its_headings(index: DocumentIndex, tmp_path: Path, text: str) -> None:
    file = tmp_path / "note.txt"
    file.write_text(text)
    assert not index.add([file]).failed
    assert index.search(text.split()[0])[0].text.split()[0] == text.split()[0]


@needs_policy
def test_debians_manuals_in_every_format(index: DocumentIndex) -> None:
    report = index.add([POLICY / "policy.txt.gz", POLICY / "policy.html", POLICY / "fhs" / "fhs-3.0.pdf.gz"])
    assert report.failed == []
    assert report.chunks > 1000
    for source, place in (("policy.txt.gz", "3.3. The maintainer"), ("policy.html", "3.3. The maintainer")):
        hits = index.search("Who is the maintainer of an orphaned package?", 3, sources=[str(POLICY / source)])
        assert place in hits[0].place
        assert any("Debian QA Group" in hit.text for hit in hits)
    pages = index.search("What is /var/cache intended for?", 3, sources=["fhs-3.0.pdf.gz"])
    assert any(hit.place.startswith("page ") and "cached data" in hit.text for hit in pages)


def test_unchanged_files_are_passed_over_and_deleted_ones_vanish(index: DocumentIndex, folder: Path) -> None:
    (folder / "a.txt").write_text("The aardvark eats ants.")
    (folder / "b.txt").write_text("The baboon eats fruit.")
    first = index.add([folder])
    assert (first.added, first.updated, first.unchanged, first.removed) == (2, 0, 0, 0)
    again = index.add([folder])
    assert (again.added, again.updated, again.unchanged, again.removed) == (0, 0, 2, 0)

    os.utime(folder / "a.txt")
    assert index.add([folder]).unchanged == 2

    times = (folder / "a.txt").stat()
    (folder / "a.txt").write_text("The aardvark eats bees.")
    os.utime(folder / "a.txt", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert index.add([folder]).updated == 1
    assert index.search("aardvark")[0].text == "The aardvark eats bees."

    (folder / "b.txt").unlink()
    assert index.add([folder]).removed == 1
    assert all("baboon" not in hit.text for hit in index.search("baboon fruit"))
    assert len(index) == 1


def test_a_file_that_is_gone_vanishes_and_is_named(index: DocumentIndex, folder: Path) -> None:
    (folder / "a.txt").write_text("The aardvark eats ants.")
    index.add([folder / "a.txt"])
    (folder / "a.txt").unlink()
    with pytest.raises(DocumentsError, match=r"no file or folder .*a\.txt"):
        index.add([folder / "a.txt"])
    assert len(index) == 0


def test_every_format(index: DocumentIndex, folder: Path) -> None:
    from docx import Document

    document = Document()
    document.add_heading("Handbook", 0)
    document.add_heading("Holidays", 1)
    document.add_paragraph("Everyone has thirty days of holiday.")
    document.add_table(1, 2).rows[0].cells[0].text = "Carry-over until March"
    document.save(str(folder / "handbook.docx"))
    (folder / "readme.md").write_text("---\nx: 1\n---\n# Tool\n\n## Install\nRun the installer\ntwice.\n")
    (folder / "guide.rst").write_text("=====\nGuide\n=====\n\nUsage\n-----\n\nPress the green\nbutton.\n")
    (folder / "page.html").write_text(
        "<title>t</title><nav>menu</nav><h1>Site</h1><h2>Fees</h2><p>The fee is <b>12</b> euros.<script>x()</script>"
    )
    (folder / "prices.csv").write_text("article;price\nlamp;12.50\nchair;40\n")
    (folder / "people.json").write_text('[{"name": "Ada", "born": 1815}, {"name": "Alan", "born": 1912}]')
    (folder / "packed.txt.gz").write_bytes(gzip.compress(b"Compressed zebras are striped."))
    (folder / "latin.txt").write_bytes("Größe und Übermut führen zu Ärger, sagte die Förster:in.".encode("latin-1"))
    (folder / "wide.txt").write_text("Wide walruses whistle.", encoding="utf-16")
    report = index.add([folder])
    assert report.failed == []
    assert report.added == 9
    found = {
        "thirty days of holiday": ("Everyone has thirty days of holiday.", 'section "Holidays"'),
        "run installer": ("Run the installer twice.", "Install, line 7"),
        "green button": ("Press the green button.", "Usage, line 8"),
        "what is the fee": ("The fee is 12 euros.", 'section "Fees"'),
        "price of a chair": ("article: chair, price: 40", "row 2"),
        "when was Alan born": ("name: Alan, born: 1912", "row 2"),
        "striped zebras": ("Compressed zebras are striped.", "line 1"),
        "Übermut": ("Größe und Übermut führen zu Ärger, sagte die Förster:in.", "line 1"),
        "walruses": ("Wide walruses whistle.", "line 1"),
    }
    for question, (text, place) in found.items():
        best = index.search(question)[0]
        assert text in best.text.split("\n")
        assert best.place == place


def test_what_cant_be_read_is_reported_and_stops_nothing(index: DocumentIndex, folder: Path) -> None:
    (folder / "good.txt").write_text("A good sentence.")
    (folder / "empty.txt").write_text(" \n")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 10)
    (folder / "corrupt.pdf").write_bytes(b"%PDF-1.7 garbage")
    (folder / "corrupt.docx").write_bytes(b"PK\x03\x04 garbage")
    (folder / "corrupt.txt.gz").write_bytes(b"\x1f\x8b garbage")
    (folder / "broken.json").write_text('{"a": ')
    (folder / "bomb.txt.gz").write_bytes(gzip.compress(bytes(LARGEST_FILE + 1)))
    os.mkfifo(folder / "pipe.txt")
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for report in (index.add([folder]), index.add([folder])):
        reasons = {Path(name).name: reason for name, reason in report.failed}
        assert set(reasons) == {
            "empty.txt", "binary.txt", "corrupt.pdf", "corrupt.docx", "corrupt.txt.gz", "broken.json", "bomb.txt.gz",
            "pipe.txt", "huge.txt",
        }  # fmt: skip
        assert "too large" in reasons["huge.txt"]
        assert "binary" in reasons["binary.txt"]
        assert all(reasons.values())
    assert index.documents() == [str(folder / "good.txt")]


def test_a_pdf_without_text_says_what_to_do(index: DocumentIndex, folder: Path) -> None:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    stream = io.BytesIO()
    writer.write(stream)
    (folder / "scan.pdf").write_bytes(stream.getvalue())
    writer.encrypt("password")
    writer.write(folder / "locked.pdf")
    reasons = dict(index.add([folder]).failed)
    assert "OCR" in reasons[str(folder / "scan.pdf")]
    assert "encrypted" in reasons[str(folder / "locked.pdf")]


def test_links_that_loop_do_no_harm(index: DocumentIndex, folder: Path) -> None:
    (folder / "a.txt").write_text("The only document.")
    (folder / "self").symlink_to(folder)
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "dangling.txt").symlink_to("nowhere.txt")
    (folder / "other").symlink_to("other")
    report = index.add([folder])
    assert report.added == 1
    assert len(report.failed) == 2


def test_a_link_is_followed_within_its_folder_and_no_further(
    index: DocumentIndex, folder: Path, tmp_path: Path
) -> None:
    (folder / "sub").mkdir()
    (folder / "a.txt").write_text("The harbour is deep.")
    (folder / "sub" / "inner.txt").symlink_to("../a.txt")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("The harbour's code is 9917.")
    (folder / "sub" / "leak.txt").symlink_to(elsewhere / "secret.txt")
    (folder / "shelf").symlink_to(elsewhere)
    inside = {str(folder / "a.txt"), str(folder / "sub" / "inner.txt")}
    for _ in range(2):
        report = index.add([folder])
        assert {name for name, _ in report.failed} == {str(folder / "sub" / "leak.txt"), str(folder / "shelf")}
        assert all("is a link out of its folder" in reason for _, reason in report.failed)
        assert set(index.documents()) == inside
    assert not any("9917" in hit.text for hit in index.search("harbour code"))
    named = [folder / "sub" / "leak.txt", folder / "shelf"]
    assert index.add([folder, *named]).failed == []
    assert set(index.documents()) == inside | {str(named[0]), str(named[1] / "secret.txt")}
    index.add([folder])
    assert str(named[0]) not in index.documents()


def test_a_folder_that_is_a_link_was_named_all_the_same(index: DocumentIndex, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("The harbour is deep.")
    (folder / "b.txt").symlink_to("a.txt")
    (tmp_path / "link").symlink_to(folder)
    assert index.add([tmp_path / "link"]).failed == []
    assert len(index.documents()) == 2


@pytest.mark.parametrize(
    "query",
    ['"', '"" OR', "NEAR(a b)", "text:x", "a* -b ^c", "(((",
     "'; DROP TABLE chunks; --", "* * *", "\0", "\ud800", "AND OR NOT",
     "?" * 5000, "🦉", "日本語", "{x}", "x" * 100_000, "the of and", " "],
)  # fmt: skip
def test_nothing_in_a_query_has_a_meaning_of_its_own(constitution: DocumentIndex, query: str) -> None:
    assert all(isinstance(hit, Hit) and 0 <= hit.score <= 1 for hit in constitution.search(query))


def test_k_and_sources(index: DocumentIndex, folder: Path) -> None:
    (folder / "sub").mkdir()
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (folder / name).write_text(f"Owls hunt at night, says {name}.")
    index.add([folder])
    assert len(index.search("owls", 2)) == 2
    assert index.search("owls", 0) == []
    assert [Path(hit.source).name for hit in index.search("owls", 5, ["b.txt"])] == ["b.txt"]
    assert [Path(hit.source).name for hit in index.search("owls", 5, [str(folder / "sub")])] == ["c.txt"]
    assert index.search("owls", 5, ["nope.txt"]) == []


def test_an_empty_index_finds_nothing(index: DocumentIndex) -> None:
    assert index.search("anything") == []


def test_errors_say_what_to_do(tmp_path: Path, index: DocumentIndex, folder: Path) -> None:
    with pytest.raises(DocumentsError, match="no file or folder"):
        index.add([tmp_path / "nope"])
    (folder / "picture.png").write_bytes(b"\x89PNG")
    with pytest.raises(DocumentsError, match=r"no documents in .*csv docx"):
        index.add([folder])
    with pytest.raises(DocumentsError, match="at least one"):
        index.add([])
    (tmp_path / "broken.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(DocumentsError, match="delete it and index again"):
        DocumentIndex(tmp_path / "broken.sqlite").search("x")
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    with pytest.raises(DocumentsError, match="no index of documents"):
        DocumentIndex(tmp_path / "other.sqlite").search("x")


def test_a_torn_index_is_an_error_or_works(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("\n\n".join(f"Sentence {n} is about topic {n * 7}." for n in range(500)))
    index = DocumentIndex(tmp_path / "torn.sqlite")
    index.add([folder])
    index.close()
    data = index.path.read_bytes()
    for cut in range(100, len(data), len(data) // 25):
        index.path.write_bytes(data[:cut])
        torn = DocumentIndex(index.path)
        with contextlib.suppress(DocumentsError):
            torn.search("topic 7")
        torn.close()


def test_the_file_is_private(index: DocumentIndex) -> None:
    index.add([CONSTITUTION])
    for file in index.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_threads_search_while_one_indexes(index: DocumentIndex, folder: Path) -> None:
    (folder / "first.txt").write_text("The heron stands in the water.")
    index.add([folder])
    stop = threading.Event()

    def add() -> None:
        for number in range(20):
            (folder / f"{number}.txt").write_text(f"Document {number} is about herons and water.")
            index.add([folder])
        stop.set()

    def search() -> int:
        searches = 0
        while not stop.is_set() or not searches:
            assert index.search("heron water")
            searches += 1
        return searches

    with ThreadPoolExecutor(4) as pool:
        adding = pool.submit(add)
        searching = [pool.submit(search) for _ in range(3)]
        adding.result()
        assert all(future.result() for future in searching)
    assert len(index) == 21


def test_two_processes_index_at_once(folder: Path, tmp_path: Path) -> None:
    for number in range(30):
        (folder / f"{number}.txt").write_text(f"Document {number} is about herons. " * 40)
    file = tmp_path / "shared.sqlite"
    code = f"from memory.documents import DocumentIndex; DocumentIndex({str(file)!r}).add([{str(folder)!r}])"
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=240) for process in running] == [0, 0]
    index = DocumentIndex(file)
    assert len(index.documents()) == 30
    assert index.add([folder]).unchanged == 30


def test_the_same_documents_have_the_same_index(folder: Path, home: Path) -> None:
    (folder / "a.txt").write_text("The aardvark eats ants.")
    (folder / "b.txt").write_text("The baboon eats fruit.")
    first, report = index_for([folder / "a.txt", folder / "b.txt"], home / "indexes")
    again, nothing = index_for([folder / "b.txt", folder / "a.txt"], home / "indexes")
    other, _ = index_for([folder / "a.txt"], home / "indexes")
    assert first.path == again.path != other.path
    assert report.changed
    assert not nothing.changed


def test_long_texts_are_cut_between_sentences(index: DocumentIndex, folder: Path) -> None:
    sentences = [f"Sentence number {n} has a few more words in it." for n in range(300)]
    (folder / "long.txt").write_text(" ".join(sentences))
    (folder / "endless.txt").write_text("word " * 20_000 + "x" * 20_000)
    index.add([folder])
    for hit in index.search("sentence number 150 words", 50):
        assert len(hit.text) <= 2400
        if hit.source.endswith("long.txt"):
            assert hit.text.startswith("Sentence")
            assert hit.text.endswith(".")
