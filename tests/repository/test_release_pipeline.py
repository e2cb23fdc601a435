"""The pipeline of this repository keeps the keys of a release away from branches."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.repository.markdown import PROJECT
from tests.repository.pages import Workspace, schema, workspace
from tests.repository.pipelines import PIPE

PIPELINES: Final[dict[str, Any]] = yaml.safe_load(
    (PROJECT / "bitbucket-pipelines.yml").read_text("utf-8")
)["pipelines"]


def _found(node: object, key: str) -> Iterator[object]:
    if isinstance(node, dict):
        if key in node:
            yield node[key]
        for each in node.values():
            yield from _found(each, key)
    elif isinstance(node, list):
        for each in node:
            yield from _found(each, key)


def test_it_is_a_valid_pipeline() -> None:
    validator = schema()
    if validator is None:
        pytest.skip("Atlassian's schema is not there")
    validator.validate({"pipelines": PIPELINES})


def test_a_release_uses_no_cache() -> None:
    assert list(_found(PIPELINES["tags"], "caches")) == []
    assert list(_found(PIPELINES["default"], "caches"))


def test_only_the_release_deploys_and_only_it_runs_the_script() -> None:
    for name, pipeline in PIPELINES.items():
        releases = ".ci/release" in str(pipeline)
        assert releases is (name == "tags")
        assert list(_found(pipeline, "deployment")) == (["Release"] if releases else [])


def test_the_environment_of_the_keys_is_declared_for_administrators(tmp_path: Path) -> None:
    text = (PROJECT / ".ci/release-environment.yml").read_text("utf-8")
    keys = set(re.findall(r"\b(?:REGISTRY|COSIGN)_[A-Z_]+\b", text))
    with workspace(tmp_path) as acme:
        assert isinstance(acme, Workspace)
        (tmp_path / "release.yml").write_text(text)
        line = (
            "docker run --env ATLASSIAN_ACCOUNT_EMAIL --env ATLASSIAN_API_TOKEN"
            f" --env CONFIG_FILE=release.yml {PIPE['image']}"
        )
        first = acme.shell(line)
        assert first.exit_code == 5, first.log  # the keys are missing
        release = acme.environment("Release")
        assert release.admin_only
        for key in keys:
            release.set_variable(key, "by hand", secured=True)
        before = acme.writes()
        again = acme.shell(line)
        assert again.exit_code == 0, again.log
        assert acme.writes() == before
    assert keys == {
        *("REGISTRY_USERNAME", "REGISTRY_PASSWORD", "COSIGN_PRIVATE_KEY", "COSIGN_PASSWORD"),
    }


def test_every_test_that_the_security_page_names_exists() -> None:
    text = (PROJECT / "docs/security.md").read_text("utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert len(named) >= 12
    assert [each for each in named if not (PROJECT / each).exists()] == []
