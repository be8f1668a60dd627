"""What is built and deployed: the wheel, the image, and that nothing else is imported in the packages' place."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ROOT

PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
    "wheel"
]["packages"]
CONFIGURATION: dict[str, Any] = json.loads((ROOT / "langgraph.json").read_text())

_ORIGINS = """
import importlib.util, json, sys
print(json.dumps({name: importlib.util.find_spec(name).origin for name in sys.argv[1:]}))
"""


def test_no_other_package_is_imported_in_place_of_ours(tmp_path: Path) -> None:
    """Names such as `tools` and `state` are common, and what lies in site-packages comes before an editable install."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", "-c", _ORIGINS, *PACKAGES]
    found = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    origins = json.loads(found.stdout)
    assert origins == {name: str(ROOT / name / "__init__.py") for name in PACKAGES}


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend isn't installed here, and nothing is fetched")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    subprocess.run([*build, "-w", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {name for name in tops if not name.endswith(".dist-info")} == set(PACKAGES)
    assert {name for name in names if name.endswith("py.typed")} == {f"{name}/py.typed" for name in PACKAGES}
    assert not [name for name in names if "__pycache__" in name]
    metadata = next(name for name in names if name.endswith("METADATA"))
    assert b"Private :: Do Not Upload" in zipfile.ZipFile(wheel).read(metadata)


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("image") / "Dockerfile"
    langgraph = Path(sys.executable).with_name("langgraph")
    subprocess.run([str(langgraph), "validate"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run([str(langgraph), "dockerfile", str(file)], cwd=ROOT, check=True, capture_output=True)
    return file.read_text()


def test_the_image_is_built_of_this_project(dockerfile: str) -> None:
    here = f"/deps/{ROOT.name}"
    assert dockerfile.startswith(f"FROM langchain/langgraph-api:{CONFIGURATION['python_version']}\n")
    assert f"ADD . {here}\n" in dockerfile
    assert f"WORKDIR {here}" in dockerfile
    assert "uv pip install --system --no-cache-dir -c /api/constraints.txt -e ." in dockerfile
    values = dict(re.findall(r"^ENV (\w+)='(.*)'$", dockerfile, re.MULTILINE))
    assert {name: graph["path"] for name, graph in json.loads(values["LANGSERVE_GRAPHS"]).items()} == {
        name: graph["path"].replace("./", f"{here}/", 1) for name, graph in CONFIGURATION["graphs"].items()
    }
    for variable in (
        "LANGSERVE_GRAPHS",
        "LANGGRAPH_CHECKPOINTER",
        "LANGGRAPH_STORE",
        "LANGGRAPH_AUTH",
        "LANGGRAPH_HTTP",
    ):
        value = json.loads(values[variable])
        for entry in value.values() if variable == "LANGSERVE_GRAPHS" else [value]:
            named = entry["app"] if variable == "LANGGRAPH_HTTP" else entry["path"]
            file, _, attribute = named.replace(f"{here}/", "./").partition(":")
            assert re.search(rf"^(?:(?:async )?def )?{attribute}\b", (ROOT / file).read_text(), re.MULTILINE), entry


def test_the_image_has_the_driver_of_its_database(dockerfile: str) -> None:
    (line,) = [line for line in dockerfile.splitlines() if "langgraph-checkpoint-postgres" in line]
    assert "psycopg[binary,pool]" in line
    # The line goes through a shell as it is: '>=3' would write a file called '=3'.
    words = list(shlex.shlex(line.removeprefix("RUN "), posix=True, punctuation_chars=True))
    assert not {"<", ">", "&", "|", ";"} & set("".join(words))
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["postgres"]
    from packaging.requirements import Requirement

    named = {(r := Requirement(one)).name: r for one in CONFIGURATION["dependencies"] if one != "."}
    for text in wanted:
        requirement = Requirement(text)
        (lowest,) = [one.version for one in requirement.specifier if one.operator == ">="]
        assert named[requirement.name].extras == requirement.extras
        assert named[requirement.name].specifier.contains(lowest)


def test_no_secret_and_no_state_gets_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    for name in (".env", ".venv*", ".git", ".langgraph_api", "**/*.sqlite*"):
        assert name in ignored
    for name in ("README.md", "LICENSE", "pyproject.toml", "langgraph.json", *PACKAGES):
        assert name not in ignored  # the build needs them


@pytest.mark.parametrize("name", ["langgraph", "aegra"])
def test_the_composition_needs_its_secrets_and_keeps_its_data(name: str) -> None:
    import yaml

    text = (ROOT / "deploy" / f"{name}.compose.yaml").read_text()
    composition = yaml.safe_load(text)
    services = composition["services"]
    assert set(services) == {"postgres", "redis", "server"}
    for service in services.values():
        assert service["healthcheck"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in composition["volumes"]
    environment = services["server"]["environment"]
    assert environment["ORCHESTRATE_DATABASE"].startswith("postgresql://")
    assert environment["LANGGRAPH_STRICT_MSGPACK"] == "true"
    assert environment["ORCHESTRATE_API_TOKENS"].startswith("${ORCHESTRATE_API_TOKENS:?")
    assert "password: " not in text.lower().replace("postgres_password: ${postgres_password:?", "")
    build = services["server"]["build"]
    assert (ROOT / "deploy" / build["context"]).resolve() == ROOT
