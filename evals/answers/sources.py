"""Where the texts and databases are on this machine; what a program has to be asked for is rendered into a folder."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LICENCES = Path("/usr/share/common-licenses")
DEBIAN = Path("/usr/share/doc")


def texts(folder: Path) -> dict[str, list[Path]]:
    """The files of each text. One that isn't on this machine is left out."""
    data = _vega()
    files = {
        "constitution": [ROOT / "examples" / "us-constitution.txt"],
        "gpl2": [LICENCES / "GPL-2"],
        "apache": [LICENCES / "Apache-2.0"],
        "mpl": [LICENCES / "MPL-2.0"],
        "gfdl": [LICENCES / "GFDL-1.3"],
        "cc0": [LICENCES / "CC0-1.0"],
        "licences": [LICENCES / name for name in ("Apache-2.0", "MPL-2.0", "GFDL-1.3", "CC0-1.0")],
        "fhs": [DEBIAN / "debian-policy" / "fhs" / "fhs-3.0.txt.gz"],
        "faq": [DEBIAN / "debian" / "FAQ" / "debian-faq.en.txt.gz"],
        "policy": [DEBIAN / "debian-policy" / name for name in ("policy.txt.gz", "upgrading-checklist.txt.gz")],
        "python": [_python(folder / "python.rst")],
        "tqdm": [_description("tqdm", folder / "tqdm.rst")],
        "german": _manuals("de", [("shadow", 5), ("apt_preferences", 5)], folder),
        "weather_csv": [data / "seattle-weather.csv"],
        "riots_csv": [data / "la-riots.csv"],
    }
    return {name: paths for name, paths in files.items() if paths and all(path.exists() for path in paths)}


def databases(folder: Path) -> dict[str, str]:
    """The URL of each database, made of vega's tables as they are, renamed, or divided into several."""
    data = _vega()
    cars = json.loads((data / "cars.json").read_text(encoding="utf-8"))
    weather = _separated(data / "seattle-weather.csv")
    iowa = _separated(data / "iowa-electricity.csv")
    for row in weather:
        row["date"] = row["date"].replace("/", "-")
    german = ["datum", "niederschlag", "höchsttemperatur", "tiefsttemperatur", "windgeschwindigkeit", "wetterlage"]
    tables = {
        "cars": ("cars", cars, list(cars[0])),
        "weather": ("seattle_weather", weather, list(weather[0])),
        "wetter": ("wetter", weather, german),
        "odd": ("tbl_iowa_elec", iowa, ["yearDate", "energySource", "netGeneration(MWh)"]),
    }
    urls: dict[str, str] = {}
    for name, (table, rows, names) in tables.items():
        with _database(folder, name, urls) as connection:
            _fill(connection, table, rows, names)
    with _database(folder, "barley", urls) as connection:
        _divided(json.loads((data / "barley.json").read_text(encoding="utf-8")), connection)
    return urls


@contextlib.contextmanager
def _database(folder: Path, name: str, urls: dict[str, str]) -> Iterator[sqlite3.Connection]:
    path = folder / f"{name}.sqlite"
    urls[name] = f"sqlite:///{path}"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def _fill(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]], names: list[str]) -> None:
    """A table of `rows`, its columns called `names`, their types those of the values."""
    kinds = [_type_of([row[column] for row in rows]) for column in rows[0]]
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True))
    connection.execute(f"CREATE TABLE {table} ({columns})")
    places = ", ".join("?" * len(names))
    connection.executemany(f"INSERT INTO {table} VALUES ({places})", [tuple(row.values()) for row in rows])


def _type_of(values: list[Any]) -> str:
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        return "TEXT"
    return "REAL" if any(isinstance(value, float) for value in known) else "INTEGER"


def _separated(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: _value(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def _value(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell


def _divided(barley: list[dict[str, Any]], connection: sqlite3.Connection) -> None:
    """Harvests that refer to their site and variety."""
    connection.executescript("""
        CREATE TABLE sites (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE varieties (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE harvests (id INTEGER PRIMARY KEY, site_id INTEGER REFERENCES sites(id),
          variety_id INTEGER REFERENCES varieties(id), year INTEGER, yield REAL);""")
    for table, column in (("sites", "site"), ("varieties", "variety")):
        names = [(name,) for name in sorted({row[column] for row in barley})]
        connection.executemany(f"INSERT INTO {table} (name) VALUES (?)", names)
    connection.executemany(
        "INSERT INTO harvests (site_id, variety_id, year, yield) SELECT s.id, v.id, ?, ? "
        "FROM sites s, varieties v WHERE s.name = ? AND v.name = ?",
        [(row["year"], row["yield"], row["site"], row["variety"]) for row in barley],
    )


def _vega() -> Path:
    import vega_datasets

    return Path(vega_datasets.__file__).parent / "_data"


def _python(path: Path) -> Path:
    """Python's own reference, as `help()` has it."""
    from pydoc_data.topics import topics

    path.write_text("\n\n".join(topics[name] for name in sorted(topics)), encoding="utf-8")
    return path


def _description(package: str, path: Path) -> Path:
    described = distribution(package).read_text("METADATA") or ""
    path.write_text(described.partition("\n\n")[2], encoding="utf-8")
    return path


def _manuals(language: str, pages: Iterable[tuple[str, int]], folder: Path) -> list[Path]:
    """Manual pages as text; none without `man`."""
    made = []
    for name, section in pages:
        source = Path(f"/usr/share/man/{language}/man{section}/{name}.{section}.gz")
        if not shutil.which("man") or not source.exists():
            return []
        environment = os.environ | {"MANWIDTH": "90", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
        shown = subprocess.run(["man", "-l", str(source)], capture_output=True, text=True, env=environment, check=True)
        made.append(folder / f"{name}.{language}.txt")
        made[-1].write_text(shown.stdout, encoding="utf-8")
    return made
