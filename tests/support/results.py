"""Results of runs that never were: whatever can become of an environment, in any mixture."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    EnvironmentPlan,
    Keep,
    MissingSecret,
    Refuse,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
    UpdateVariable,
    WriteFingerprints,
    changes_of,
    existing_of,
)
from pipe.models.declaration import EnvironmentType, ManagedSecret, Repository
from pipe.models.errors import ConfigError, ExitCode, Problem
from pipe.models.results import (
    ChangeResult,
    Counts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
    deletion_result,
)
from pipe.reports.presentation import About
from pipe.settings.pipelines import PipelineContext
from tests.support.values import branch, declared, env, plain, secret, var

ABOUT = About(
    at=datetime(2026, 9, 1, 12, 30, tzinfo=UTC),
    context=PipelineContext(repository="acme/infra", build_number="42"),
)
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "a|b",
    "`tick` ``two``",
    "```",
    "**bold** [link](https://evil.example) ![x](y)",
    "\x1b[31mred\x1b[0m",
    "two\nlines\r\n\u2028more",
    "\u202eright to left",
    "]]>&amp;&#60;",
    "@everyone #1 ~~gone~~",
    "\ud800",
    "\uffff",
    "a\x00b\x85c\x9b2J",
    "- item\n# heading",
    "é ü 漢字 🚀",
    "x" * 300,
)

texts = st.sampled_from(HOSTILE) | st.text(max_size=8)
names = st.sampled_from(["Test", "Staging", "Production"]) | texts
keys = st.sampled_from(["A", "API_URL", "LONG_" * 20])
values = texts | st.sampled_from(["", " ", "1", "true", "(none)"])
patterns = st.lists(texts, unique=True, max_size=2)
outcomes = st.sampled_from(list(Outcome))

CODES = (ExitCode.PERMISSION, ExitCode.INCOMPLETE, ExitCode.GAVE_UP, ExitCode.REFUSED)


def _problem(code: ExitCode, text: str) -> Problem:
    return Problem(
        key=code.name.lower(), code=code, what=f"What: {text}", why=text, remedy=f"Remedy: {text}"
    )


problems = st.builds(_problem, st.sampled_from(CODES), texts)


def changes(hidden: str = "s3cret") -> st.SearchStrategy[Change]:
    """Return every kind of change; all secured values are the given one."""
    secrets = st.builds(secret, keys, st.just(hidden))
    return st.one_of(
        st.builds(SetName, names, names),
        st.builds(SetAdminOnly, st.sampled_from([None, True, False]), st.booleans()),
        st.builds(
            SetBranches,
            patterns.map(lambda found: tuple(branch(each) for each in found)),
            patterns.map(tuple),
        ),
        st.builds(BranchesUnavailable, patterns.map(tuple), problems),
        st.builds(CreateVariable, st.builds(plain, keys, values)),
        st.builds(CreateVariable, secrets),
        st.builds(UpdateVariable, st.builds(var, keys, values), st.builds(plain, keys, values)),
        st.builds(UpdateVariable, st.builds(var, keys, values), secrets),
        st.builds(UpdateVariable, st.builds(var, keys), secrets),
        st.builds(UpdateVariable, st.builds(var, keys), st.builds(plain, keys, values)),
        st.builds(RewriteSecured, st.builds(var, keys), secrets),
        st.builds(DeleteVariable, st.builds(var, keys, values) | st.builds(var, keys)),
        st.builds(MissingSecret, st.builds(ManagedSecret, keys), problems),
        st.builds(
            WriteFingerprints, st.none() | st.builds(var, keys, values), st.just(()), st.just(())
        ),
    )


existing = st.builds(
    env, names, st.none() | st.sampled_from(list(EnvironmentType)), uuid=st.just("{8f14e45f}")
)


def plans(hidden: str = "s3cret") -> st.SearchStrategy[EnvironmentPlan]:
    several = st.lists(changes(hidden), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(
            Update, existing=existing, changes=several, unchanged_variables=st.integers(0, 3)
        ),
        st.builds(
            lambda name, kind, more: Create(
                declared=declared(name, kind), type=kind, changes=(SetType(kind), *more)
            ),
            names,
            st.sampled_from(list(EnvironmentType)),
            several,
        ),
        st.builds(
            Delete,
            existing=existing,
            reason=st.sampled_from(list(DeleteReason)),
            variables=st.lists(st.builds(var, keys, values), max_size=2).map(tuple),
        ),
        st.builds(Keep, name=names, existing=st.none() | existing),
        st.builds(Refuse, name=names, existing=st.none() | existing, problem=problems),
    )


@st.composite
def environments(draw: st.DrawFn, hidden: str = "s3cret") -> EnvironmentResult:
    plan = draw(plans(hidden))
    if isinstance(plan, Delete):
        return deletion_result(plan, draw(outcomes), draw(st.none() | problems))
    found = existing_of(plan)
    return EnvironmentResult(
        plan=plan,
        outcome=draw(outcomes),
        uuid=None if found is None else found.uuid,
        changes=tuple(
            ChangeResult(change=each, outcome=draw(outcomes), problem=draw(st.none() | problems))
            for each in changes_of(plan)
        ),
        problem=draw(st.none() | problems),
    )


def variable_changes(hidden: str = "s3cret") -> st.SearchStrategy[ChangeResult]:
    """Return the result of any change of a variable."""
    found = changes(hidden).filter(lambda each: each.field.startswith("variables."))
    return st.builds(ChangeResult, change=found, outcome=outcomes, problem=st.none() | problems)


def repositories(hidden: str = "s3cret") -> st.SearchStrategy[RepositoryResult]:
    return st.builds(
        RepositoryResult,
        repository=st.builds(Repository, st.just("acme"), names),
        environments=st.lists(environments(hidden), max_size=3).map(tuple),
        changes=st.lists(variable_changes(hidden), max_size=2).map(tuple),
        unchanged_variables=st.integers(0, 2),
        problem=st.none() | problems,
        pipelines=st.none() | st.sampled_from([Outcome.APPLIED, Outcome.PLANNED, Outcome.FAILED]),
    )


@st.composite
def runs(draw: st.DrawFn, hidden: str = "s3cret") -> RunResult:
    """Return any result of a run; all secured values in it are the given one."""
    reads, writes = draw(st.integers(0, 50)), draw(st.integers(0, 50))
    return RunResult(
        mode=draw(st.sampled_from(list(Mode))),
        repositories=tuple(draw(st.lists(repositories(hidden), max_size=3))),
        problems=tuple(draw(st.lists(problems, max_size=2))),
        config_errors=tuple(draw(st.lists(st.builds(ConfigError, texts, texts), max_size=2))),
        remaining=tuple(draw(st.lists(st.builds(Repository, st.just("acme"), names), max_size=2))),
        plan_checksum=draw(st.none() | st.just("sha256:" + "a" * 64)),
        counts=Counts(
            total=reads + writes,
            reads=reads,
            writes=writes,
            retries=draw(st.integers(0, reads + writes)),
        ),
        seconds=draw(st.floats(0, 5000)),
    )
