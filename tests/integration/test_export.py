"""`MODE=export`: where the file goes, and what it holds."""

from pathlib import Path

import pytest
import yaml

from simulator.faults import Answer
from tests.support.world import World, run_pipe


def test_a_file_is_written_instead_of_standard_output(tmp_path: Path) -> None:
    world = World()
    world.shop.add_environment("Live", "Production").set_variable("KEY", "secret", secured=True)
    path = tmp_path / "environments.yml"
    ran = run_pipe(world, MODE="export", EXPORT_FILE=str(path))
    assert (ran.exit_code, ran.out) == (0, "")
    assert "1 environment of 1 repository written to" in ran.log
    assert path.name in ran.log
    (live,) = yaml.safe_load(path.read_text("utf-8"))["environments"]
    assert live["variables"] == {"KEY": {"secured": True}}


@pytest.mark.promise("P12")
def test_a_file_that_cannot_be_written_is_incomplete(tmp_path: Path) -> None:
    ran = run_pipe(World(), MODE="export", EXPORT_FILE=str(tmp_path / "missing" / "file.yml"))
    assert (ran.exit_code, ran.problems) == (5, ["export-not-written"])
    assert "Its folder does not exist" in ran.log


def test_variables_of_the_repository_are_exported() -> None:
    world = World()
    world.shop.set_variable("REGION", "eu")
    world.shop.set_variable("TOKEN", "secret", secured=True)
    document = yaml.safe_load(run_pipe(world, MODE="export").out)
    assert document["repository"] == {"variables": {"REGION": "eu", "TOKEN": {"secured": True}}}


def test_variables_of_the_repository_that_cannot_be_listed_are_an_error() -> None:
    world = World()
    world.simulator.faults.add(Answer(status=403), path="*/pipelines_config/variables")
    ran = run_pipe(world, MODE="export")
    assert (ran.exit_code, ran.out) == (3, "")


def test_the_log_says_what_was_exported() -> None:
    world = World()
    for name in ("Live", "Test", "QA"):
        world.shop.add_environment(name)
    ran = run_pipe(world, MODE="export")
    assert "✔ Exported: 3 environments of 1 repository written to standard output; " in ran.log
    assert ran.report["outcome"] == "unchanged"


def test_what_a_file_cannot_declare_is_left_out_with_a_warning() -> None:
    world = World()
    world.shop.add_environment("prod*")
    ran = run_pipe(world, MODE="export")
    assert ran.exit_code == 0
    assert "WARNING: Left out: the environment 'prod*' of acme/shop" in ran.log


def test_an_export_in_part_says_so() -> None:
    world = World()
    world.shop.add_environment("Live")
    ran = run_pipe(world, MODE="export", REPOSITORIES='["shop", "missing"]')
    assert ran.exit_code != 0
    assert "1 environment of 1 repository written to standard output" in ran.log
    assert "Exported" not in ran.log


def test_an_export_in_part_keeps_the_file(tmp_path: Path) -> None:
    world = World()
    path = tmp_path / "environments.yml"
    path.write_text("version: 1\n", "utf-8")
    for selected in ('["shop", "missing"]', "missing"):
        ran = run_pipe(world, MODE="export", REPOSITORIES=selected, EXPORT_FILE=str(path))
        assert ran.exit_code == 3
        assert "export-not-written" in ran.problems
        assert "written to" not in ran.log.splitlines()[-1]
        assert path.read_text("utf-8") == "version: 1\n"


def test_what_declares_something_is_ignored_with_a_warning() -> None:
    ran = run_pipe(World(), MODE="export", ENVIRONMENT_NAME="Live", STATE="absent")
    assert ran.exit_code == 0
    for name in ("ENVIRONMENT_NAME", "STATE"):
        warning = f"WARNING: {name} is ignored: MODE is export, which exports everything"
        assert warning in ran.log
