"""Every key of the configuration file in every wrong form is an error at its place."""

from collections.abc import Iterator
from typing import Final

import pytest
import yaml
from pydantic import BaseModel

from pipe.config_file import models
from tests.support.settings import PIPELINE, errors_of

pytestmark = pytest.mark.promise("P25")

MAPPINGS: Final = {"variables", "defaults", "repository", "when"}
LISTS: Final = {"environments", "rules", "overrides"}
ONE_OR_MANY: Final = {"repositories", "branches", "prune", "exclude"}
TABLES: Final[dict[str, tuple[type[BaseModel], dict[str, object]]]] = {
    "environments[0]": (models.Environment, {"name": "X"}),
    "rules[0]": (models.RuleTable, {"when": {"name": "X"}}),
    "rules[0].when": (models.When, {"name": "X"}),
    "repository": (models.RepositoryContents, {}),
    "overrides[0]": (models.OverrideTable, {"repositories": "shop"}),
    "defaults": (models.Defaults, {}),
    "repositories[0]": (models.ProjectTable, {"project": "PLAT"}),
    "": (models.File, {}),
}
CASES: Final = [(path, key) for path, (model, _) in TABLES.items() for key in model.model_fields]


def document(path: str, table: object) -> object:
    """Return a file with a table at a path."""
    if not path:
        return table
    if path == "rules[0].when":
        return {"rules": [{"when": table}]}
    key, bracket, _ = path.partition("[")
    return {key: [table] if bracket else table}


def wrong(key: str) -> Iterator[object]:
    yield None
    if key in MAPPINGS:
        yield from ("text", ["item"])
    elif key in LISTS:
        yield from ("text", {"name": "X"}, ["text"], [[]])
    elif key in ONE_OR_MANY:
        yield from ({"a": "b"}, [["main"]], [{"a": "b"}], [None], "", [""])
    else:
        yield from (["item"], {"a": "b"}, [])


@pytest.mark.parametrize(("path", "key"), CASES)
def test_a_wrong_form_is_an_error(path: str, key: str) -> None:
    _, required = TABLES[path]
    for value in wrong(key):
        text = yaml.safe_dump(document(path, {**required, key: value}))
        found = errors_of(PIPELINE | {"CONFIG_FILE": "f"}, f=text)
        where = f"{path}.{key}".removeprefix(".")
        assert any(f" {where}" in source for source in found), (text, found)
