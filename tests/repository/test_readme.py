"""The README is correct, short, and has the headings of an official pipe."""

import re
from typing import Final

import pytest
import yaml

from pipe.models.errors import ExitCode
from tests.repository.markdown import PROJECT, Code, Line, anchors, blocks, parts
from tests.repository.pages import Workspace
from tests.repository.pipelines import PIPE, REFERENCE, known_variables, steps

README: Final = (PROJECT / "README.md").read_text(encoding="utf-8")
SNIPPETS: Final = blocks(README, "yaml")
EXAMPLES: Final = [each for each in SNIPPETS if each.text.startswith("script:")]
DECLARATION: Final = "version: 1\nenvironments: [{name: Test, type: Test}]\n"


def _section(heading: str) -> str:
    return README.partition(f" {heading}\n")[2].partition("\n##")[0]


def _table(heading: str) -> dict[str, str]:
    """Return the rows of the table under a heading, by their first column."""
    return dict(re.findall(r"^\| ([^|]+) \| (.+) \|$", _section(heading), re.MULTILINE)[2:])


def _id(each: Code) -> str:
    return f"line {each.number}"


def test_the_headings_are_those_of_an_official_pipe() -> None:
    headings = [
        each.text.strip()
        for each in parts(README)
        if isinstance(each, Line) and re.match("##? ", each.text)
    ]
    assert headings == [
        f"# Bitbucket Pipelines Pipe: {PIPE['name']}",
        "## Quick start",
        "## YAML Definition",
        "## I want to …",
        "## Variables",
        "## Details",
        "## Prerequisites",
        "## Examples",
        "## Support",
        "## License",
    ]


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_first_commands_need_nothing_but_python() -> None:
    first = blocks(README, "sh")[0]
    assert first.number < 15
    targets = re.findall(r"^make (\w+)", first.text, re.MULTILINE)
    assert targets == ["demo", "test"]
    makefile = (PROJECT / "Makefile").read_text()
    assert all(re.search(rf"^{each}:", makefile, re.MULTILINE) for each in targets)


def test_the_definition_begins_with_the_pipe() -> None:
    assert SNIPPETS[0].text.startswith(f"- pipe: {REFERENCE}\n")
    optional = set(re.findall(r"^ +# (\w+):", SNIPPETS[0].text, flags=re.MULTILINE))
    assert optional
    assert optional <= known_variables()


def test_only_the_core_variables_are_shown() -> None:
    assert 10 <= len(_table("Variables")) <= 16


def test_the_exit_codes_are_those_of_the_program() -> None:
    assert [int(code) for code in _table("Exit codes")] == sorted(ExitCode)


def test_every_task_has_a_page() -> None:
    links = re.findall(r"\(docs/([\w-]+)\.md\)", _section("I want to …"))
    assert len(links) >= 11
    index = (PROJECT / "docs/index.md").read_text("utf-8")
    assert all(f"({each}.md)" in index for each in links if each != "index")


@pytest.mark.parametrize("snippet", SNIPPETS, ids=_id)
def test_a_snippet_names_this_pipe_and_its_variables(snippet: Code) -> None:
    found = yaml.safe_load(snippet.text)
    script = found if isinstance(found, list) else found["script"]
    for step in steps({"script": script}):
        for pipe in step.pipes():
            digest = f"docker://{PIPE['image'].rpartition(':')[0]}@sha256:<digest>"
            assert pipe.pipe in {REFERENCE, digest}
            assert set(pipe.variables) <= known_variables()


@pytest.mark.parametrize("snippet", EXAMPLES, ids=_id)
def test_an_example_converges_in_one_run(snippet: Code, acme: Workspace) -> None:
    (acme.clone / "bitbucket-environments.yml").write_text(DECLARATION)
    script = snippet.text.replace("docker://", "").replace("<digest>", "0" * 64)
    [step] = steps(yaml.safe_load(script))
    for outcome in ("✔", "✔ Unchanged"):
        ended = acme.run(step)
        assert ended.exit_code == 0, ended.log
        assert ended.log.splitlines()[-1].startswith(outcome)
        assert "WARNING" not in ended.log


def test_the_anchors_that_other_documents_link_to_exist() -> None:
    assert {"exit-codes", "support", "variables"} <= anchors(README)
