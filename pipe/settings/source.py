"""Environment variables to `Options`: each is read by itself, and all errors are collected."""

from collections.abc import Mapping

from msgspec import Struct
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from pipe.parsing.errors import ErrorCollector
from pipe.parsing.lists import is_given
from pipe.settings.model import Options, RawVariable


class GivenVariables(Struct, frozen=True, kw_only=True):
    """What the user gave, and what is wrong with it.

    Attributes:
        options: The variables that are valid.
        invalid: The fields of those that are not: nothing follows from their absence.
        environ: All environment variables.
        errors: Gets every error that is found later.
        warnings: Gets what is probably not meant, but prevents nothing.
    """

    options: Options
    invalid: frozenset[str]
    environ: Mapping[str, str]
    errors: ErrorCollector
    warnings: list[str]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that are given, valid or not."""
        return self.invalid | self.options.model_fields_set


class VariablesSource(PydanticBaseSettingsSource):
    """Settings source over a mapping of environment variables; an empty one is not given."""

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        environ: Mapping[str, str],
        *,
        skip: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(settings_cls)
        self._environ = environ
        self._skip = skip

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Return the raw variable of a field, its name, and that it needs no decoding."""
        del field
        return RawVariable(field_name.upper(), self._environ), field_name, False

    def __call__(self) -> dict[str, object]:
        """Return the raw variables that are given, but those of the fields to skip."""
        return {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
            if name not in self._skip and is_given(name.upper(), self._environ)
        }


def read_variables(environ: Mapping[str, str]) -> GivenVariables:
    """Read each variable by itself; an invalid one is an error and has its default."""
    errors = ErrorCollector()
    invalid: set[str] = set()
    try:
        options = Options(_build_sources=((VariablesSource(Options, environ),), {}))
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            name = str(details["loc"][0])
            invalid.add(name)
            errors.add_exception(name.upper(), details["ctx"]["error"])
        source = VariablesSource(Options, environ, skip=frozenset(invalid))
        options = Options(_build_sources=((source,), {}))
    return GivenVariables(
        options=options,
        invalid=frozenset(invalid),
        environ=environ,
        errors=errors,
        warnings=[],
    )
