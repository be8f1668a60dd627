"""Files are read, listed and written in one folder; no path, link or device leads out of it."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from tools.confined import LARGEST_READ
from tools.files import file_tools
from tools.registry import ToolFailure, ToolSpec


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "today.txt").write_text("Plan\n\nBuy milk and bread.\n")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


async def call(root: Path, name: str, **args: Any) -> Any:
    return await tool_named(root, name).call(args)


def tool_named(root: Path, name: str) -> ToolSpec:
    return next(spec for spec in file_tools(root) if spec.name == name)


async def test_read(root: Path) -> None:
    output = await call(root, "read_file", path="notes/today.txt")
    assert output.value == "Plan\n\nBuy milk and bread.\n"
    (evidence,) = output.evidence
    assert (evidence.text, evidence.source, evidence.place) == (
        "Buy milk and bread.",
        "notes/today.txt",
        "Plan, line 3",
    )
    assert not evidence.trusted


async def test_read_from_a_line_on(root: Path) -> None:
    (root / "long.txt").write_text("".join(f"This is sentence {n}.\n\n" for n in range(1000)))
    output = await call(root, "read_file", path="long.txt", first_line=1001)
    assert output.value.startswith("This is sentence 500.")
    assert output.evidence[0].place.endswith("line 1001")


async def test_list(root: Path) -> None:
    (root / ".hidden").write_text("x")
    (root / "data.csv").write_text("a,b\n1,2\n")
    output = await call(root, "list_files")
    assert [file["path"] for file in output.value] == ["data.csv", "notes/today.txt"]
    assert (await call(root, "list_files", folder="notes", pattern="*.csv")).value == []


async def test_write_is_atomic_and_harmless_to_repeat(root: Path) -> None:
    first = await call(root, "write_file", path="new/deep/report.md", content="# Räport\n")
    again = await call(root, "write_file", path="new/deep/report.md", content="# Räport\n")
    assert (first.value["changed"], again.value["changed"]) == (True, False)
    assert (root / "new/deep/report.md").read_text() == "# Räport\n"
    await call(root, "write_file", path="new/deep/report.md", content="other")
    assert [file.name for file in (root / "new/deep").iterdir()] == ["report.md"]
    assert (root / "new/deep/report.md").read_text() == "other"


@pytest.mark.parametrize("name", ["read_file", "write_file", "list_files"])
@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt", "notes/../../secret.txt", "/etc/passwd", "~/x", "notes/../../root/../secret.txt", "..",
        "C:\\x",
        "..\\secret.txt", "C:/x", "\0", "a\0b", "notes\n", "\u202etxt", "link/secret.txt", "outside.txt", ".git/config",
        ".env", "loop/x", "\ud800", "./../secret.txt", "notes/.hidden", "//etc/passwd", "to_hidden",
    ],
)  # fmt: skip
async def test_no_way_out(root: Path, name: str, path: str) -> None:
    (root / "link").symlink_to(root.parent)
    (root / "outside.txt").symlink_to(root.parent / "secret.txt")
    (root / "loop").symlink_to("loop")
    (root / ".env").write_text("KEY=secret")
    (root / "to_hidden").symlink_to(".env")
    args = {"folder": path} if name == "list_files" else {"path": path}
    with pytest.raises((ToolFailure, ValueError)):
        await call(root, name, **args, **({"content": "x"} if name == "write_file" else {}))
    assert (root.parent / "secret.txt").read_text() == "secret"
    assert (root / ".env").read_text() == "KEY=secret"


async def test_links_that_stay_inside_are_followed(root: Path) -> None:
    (root / "inside").symlink_to("notes")
    assert "milk" in (await call(root, "read_file", path="inside/today.txt")).value


async def test_devices_pipes_and_folders_are_refused(root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    server = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(root)
    try:
        server.bind("socket.txt")
    finally:
        os.chdir(here)
        server.close()
    for path in ("pipe.txt", "socket.txt", "notes"):
        with pytest.raises(ToolFailure):
            await call(root, "read_file", path=path)
        with pytest.raises(ToolFailure):
            await call(root, "write_file", path=path, content="x")


async def test_a_file_in_its_place_is_written_though_its_folder_cant_be_flushed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def flush_files_only(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(handle)

    monkeypatch.setattr(os, "fsync", flush_files_only)
    output = await call(root, "write_file", path="notes/new.txt", content="words")
    assert output.value == {"path": "notes/new.txt", "bytes": 5, "changed": True}
    assert (root / "notes" / "new.txt").read_text() == "words"


async def test_sizes_are_bounded(root: Path) -> None:
    with (root / "huge.txt").open("wb") as file:
        file.truncate(LARGEST_READ + 1)
    with pytest.raises(ToolFailure, match="larger than"):
        await call(root, "read_file", path="huge.txt")
    with pytest.raises(ToolFailure, match="split it"):
        await call(root, "write_file", path="x.txt", content="é" * 3_000_000)


async def test_missing_and_unreadable_files_are_explained(root: Path) -> None:
    (root / "binary.txt").write_bytes(bytes(range(256)))
    with pytest.raises(ToolFailure, match="there is no file"):
        await call(root, "read_file", path="nope.txt")
    with pytest.raises(ToolFailure, match="binary"):
        await call(root, "read_file", path="binary.txt")
    with pytest.raises(ToolFailure, match="not a folder"):
        await call(root, "read_file", path="notes/today.txt/x")


def test_without_the_folder_the_tools_say_so(tmp_path: Path) -> None:
    assert all("there is no folder" in str(spec.unavailable) for spec in file_tools(tmp_path / "nope"))


def test_risks() -> None:
    specs = {spec.name: spec for spec in file_tools(Path.cwd())}
    assert {name: spec.risk for name, spec in specs.items()} == {
        "read_file": "read", "list_files": "read", "write_file": "write"
    }  # fmt: skip
    assert specs["write_file"].idempotent
    assert not specs["read_file"].trusted


async def test_a_folder_exchanged_for_a_link_meanwhile_leads_nowhere(root: Path) -> None:
    folder, outside = root / "d", root.parent / "outside"
    for place, text in ((folder, "mine"), (outside, "secret")):
        place.mkdir()
        (place / "s.txt").write_text(text)
    stop = threading.Event()

    def exchange() -> None:
        while not stop.is_set():
            folder.rename(root / "e")
            folder.symlink_to(outside)
            folder.unlink()
            (root / "e").rename(folder)

    exchanging = threading.Thread(target=exchange)
    exchanging.start()
    seen = set()
    try:
        for _ in range(200):
            try:
                seen.add((await call(root, "read_file", path="d/s.txt")).value)
            except ToolFailure:
                seen.add("refused")
    finally:
        stop.set()
        exchanging.join()
    assert seen <= {"mine", "refused"}


async def test_a_hard_link_is_replaced_and_what_it_shared_stays(root: Path) -> None:
    os.link(root.parent / "secret.txt", root / "shared.txt")
    await call(root, "write_file", path="shared.txt", content="mine")
    assert (root / "shared.txt").read_text() == "mine"
    assert (root.parent / "secret.txt").read_text() == "secret"


@pytest.mark.parametrize("target", ["/proc/self/environ", "/dev/zero", "/dev/stdin"])
async def test_links_to_what_is_no_file_are_refused(root: Path, target: str) -> None:
    (root / "link.txt").symlink_to(target)
    for name, args in (("read_file", {}), ("write_file", {"content": "x"})):
        with pytest.raises(ToolFailure):
            await call(root, name, path="link.txt", **args)
