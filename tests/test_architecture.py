"""The folders, the import contracts and the wheel name the same packages."""

import tomllib
import zipfile
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOT_SHIPPED = {"tests", "benchmarks"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages() -> set[str]:
    """The top-level folders that Python can import something from."""
    tracked = run(
        ["git", "ls-files", "-co", "--exclude-standard", "*/*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {line.split("/")[0] for line in tracked.stdout.splitlines()} - NOT_SHIPPED


def test_every_package_is_under_the_import_contracts(project: dict[str, Any]) -> None:
    assert set(project["tool"]["importlinter"]["root_packages"]) == packages()


def test_every_package_has_a_floor(project: dict[str, Any]) -> None:
    floors = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    named = {name.strip() for layer in floors["layers"] for name in layer.split("|")}
    assert named == packages()


def test_each_third_party_rule_binds_every_package_but_its_owner(project: dict[str, Any]) -> None:
    for contract in project["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "forbidden":
            assert set(contract["source_modules"]) < packages(), contract["name"]
            assert len(packages() - set(contract["source_modules"])) <= 2, contract["name"]


def test_every_package_is_type_checked(project: dict[str, Any]) -> None:
    assert set(project["tool"]["mypy"]["files"]) == packages() | NOT_SHIPPED


def test_the_wheel_holds_every_module_and_the_sample(tmp_path: Path) -> None:
    run(["uv", "build", "--wheel", "--quiet", "--no-build-isolation", "--out-dir", str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in packages()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources <= shipped
    assert {name.split("/")[0] for name in shipped if "dist-info" not in name} == packages()


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"]
)
def test_the_documents_are_there(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8")) > 500


def test_the_architecture_fits_in_one_sitting() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) < 150
