import pytest
from msgspec import Struct

from pipe.models.declaration import PlainVariable
from pipe.models.errors import ConfigError, ExitCode, Problem
from pipe.redaction import MASK, Redactor

SECRET = "canary-4711-secret"


def test_nothing_is_masked_without_secrets() -> None:
    assert Redactor().mask_words("some text") == "some text"


def test_secrets_can_be_added_at_any_time() -> None:
    redactor = Redactor(["first-secret"])
    assert redactor.mask_words("first-secret second-secret") == "*** second-secret"

    redactor.add("second-secret")

    assert redactor.mask_words("first-secret second-secret") == "*** ***"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"token {SECRET} is unknown", "token *** is unknown"),
        (f"token='{SECRET}x', unknown", "*** unknown"),
        (f"{SECRET}", "***"),
        (f"a {SECRET}{SECRET} b {SECRET}\n", "a *** b ***\n"),
        (f"{SECRET} {SECRET}", "*** ***"),
    ],
)
def test_the_whole_word_is_masked(text: str, masked: str) -> None:
    assert Redactor([SECRET]).mask_words(text) == masked


def test_a_value_is_masked_whole() -> None:
    redactor = Redactor([SECRET])

    assert redactor.mask_value(f"postgres://app:{SECRET}@db and more") == MASK
    assert redactor.mask_value("postgres://app@db and more") == "postgres://app@db and more"


def test_a_secret_of_many_lines_is_found_as_it_is_and_on_one_line() -> None:
    redactor = Redactor(["-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n-----END KEY-----\n"])

    for key in (
        "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n-----END KEY-----\n",
        "-----BEGIN KEY----- MIIEowIBAAKCAQEA -----END KEY-----",
    ):
        assert redactor.mask_words(f"bad: '{key.strip()}'. And more") == "bad: *** And more"
    assert redactor.mask_words("bad: MIIEowIBAAKCAQEA") == "bad: MIIEowIBAAKCAQEA"


def test_the_longest_of_secrets_that_begin_alike_is_masked() -> None:
    redactor = Redactor(["canary-4711 one", "canary-4711 one two three"])

    assert redactor.mask_words("canary-4711 one two three four") == "*** four"
    assert redactor.mask_words("canary-4711 one two") == "*** two"


def test_secrets_that_overlap_leave_nothing_over() -> None:
    redactor = Redactor(["secret-one two-three", "two-three four-five", "one two-three"])

    assert redactor.mask_words("<secret-one two-three four-five> six") == "*** six"


class Sample(Struct, frozen=True):
    name: str
    code: ExitCode
    problem: Problem | None = None
    items: tuple[PlainVariable | int, ...] = ()
    missing: None = None


def test_every_text_of_a_struct_is_masked() -> None:
    problem = Problem(
        "key", ExitCode.DRIFT, f"'{SECRET}' failed.", f"It said {SECRET}", f"Use {SECRET} less."
    )
    sample = Sample(f"x{SECRET}", ExitCode.OK, problem, (PlainVariable("A", f"is {SECRET}"), 3))

    assert Redactor([SECRET]).mask(sample) == Sample(
        MASK,
        ExitCode.OK,
        Problem("key", ExitCode.DRIFT, "*** failed.", "It said ***", "Use *** less."),
        (PlainVariable("A", MASK), 3),
    )


def test_configuration_errors_are_messages() -> None:
    error = ConfigError("MODE", f"{SECRET} is not a mode; write plan")

    assert Redactor([SECRET]).mask(error) == ConfigError("MODE", "*** is not a mode; write plan")


def test_a_struct_without_secrets_is_returned_as_it_is() -> None:
    sample = Sample("x", ExitCode.OK, items=(PlainVariable("A", "b"),))

    assert Redactor([SECRET]).mask(sample) is sample
