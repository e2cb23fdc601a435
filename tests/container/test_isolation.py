"""Neither the user's clone nor the user's environment can change the program."""

from pipe.models.errors import ExitCode
from tests.container.conftest import Pipeline

POISON = "import os\nos.write(2, b'POISON')\nos._exit(99)\n"
MODULES = ["pipe/__init__.py", "pipe/__main__.py", "httpx.py", "json.py", "sitecustomize.py"]


def test_modules_in_the_clone_are_not_imported(pipeline: Pipeline) -> None:
    for name in MODULES:
        module = pipeline.step.clone / name
        module.parent.mkdir(exist_ok=True)
        module.write_text(POISON)
    ended = pipeline.run(ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert "POISON" not in ended.log
    assert ended.exit_code == ExitCode.OK, ended.log


def test_python_variables_of_the_step_do_not_matter(pipeline: Pipeline) -> None:
    folder = pipeline.step.clone / "modules"
    folder.mkdir()
    for name in ("sitecustomize.py", "usercustomize.py", "httpx.py", "startup.py"):
        (folder / name).write_text(POISON)
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env",
        ENVIRONMENT_TYPE="Test",
        PYTHONPATH=str(folder),
        PYTHONHOME=str(folder),
        PYTHONSTARTUP=str(folder / "startup.py"),
        PYTHONUSERBASE=str(folder),
        PYTHONINSPECT="1",
        PYTHONVERBOSE="1",
        PYTHONWARNINGS="error",
        PYTHONIOENCODING="ascii",
        PYTHONUTF8="0",
        PYTHONOPTIMIZE="2",
        PYTHONPLATLIBDIR="nowhere",
    )
    assert "POISON" not in ended.log
    assert "# code object" not in ended.log
    assert ended.exit_code == ExitCode.OK, ended.log


def test_text_is_utf_8_whatever_the_locale(pipeline: Pipeline) -> None:
    pipeline.repository.add_environment("Prüfung 東京")
    ended = pipeline.run(
        ENVIRONMENT_NAME="Prüfung 東京",
        ADMIN_ONLY="true",
        LC_ALL="POSIX",
        LANG="de_DE.ISO-8859-1",
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    assert "✔ Prüfung 東京" in ended.log
