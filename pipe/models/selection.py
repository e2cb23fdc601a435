"""The selection of repositories: frozen values, without any input or output."""

from fnmatch import fnmatchcase

from msgspec import Struct

from pipe.models.declaration import Repository


def is_glob(text: str) -> bool:
    """Whether the text is a pattern rather than a name."""
    return "*" in text or "?" in text


def is_uuid(text: str) -> bool:
    """Whether the text is a uuid rather than a name: Bitbucket writes it in braces."""
    return text.startswith("{") and text.endswith("}")


def glob_matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern.

    A pattern that protects `Prod*` must not miss `production`, hence regardless of case.
    """
    # Bitbucket's names have no character classes: a bracket matches itself.
    return fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))


class Glob(Struct, frozen=True):
    """Every repository of a workspace whose slug fits a pattern, for example `svc-*` or `*`."""

    workspace: str
    pattern: str


class Project(Struct, frozen=True):
    """Every repository of a project.

    Attributes:
        key: The project's key, for example `PLAT`.
        exclude: What this project contributes does not include these.
    """

    workspace: str
    key: str
    exclude: tuple[Repository | Glob, ...] = ()


Named = Repository | Glob | Project


class Exclusion(Struct, frozen=True):
    """Excludes what it matches from the whole selection, wherever it is in the list."""

    of: Named


SelectionItem = Repository | Glob | Project | Exclusion


class Selection(Struct, frozen=True, kw_only=True):
    """The repositories of a run: the union of the items less what the exclusions match.

    Attributes:
        items: In the order given; never empty, and never exclusions alone.
    """

    items: tuple[SelectionItem, ...]

    @property
    def single(self) -> Repository | None:
        """The one repository, when it was named outright and alone."""
        match self.items:
            case (Repository() as only,):
                return only
            case _:
                return None


class Workspace(Struct, frozen=True):
    """The workspace of repositories that don't name their own.

    Attributes:
        explicit: From `WORKSPACE` or `REPO_SLUG`: it overrides the workspace of the file.
        default: The workspace that the pipeline runs in.
    """

    explicit: str | None
    default: str | None

    def resolve(self, in_file: str | None) -> str | None:
        """Return the workspace that applies, given that of the configuration file."""
        return self.explicit or in_file or self.default


def matches(item: Repository | Glob, repository: Repository) -> bool:
    """Whether a repository is the one named, or fits the pattern; case makes no difference."""
    if item.workspace.casefold() != repository.workspace.casefold():
        return False
    if isinstance(item, Glob):
        return glob_matches(item.pattern, repository.slug)
    return item.slug.casefold() == repository.slug.casefold()
