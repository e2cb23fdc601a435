"""The image is small, complete, readable by every user, and reproducible."""

import importlib.util
import json
import re
import sys
import tomllib
import zlib
from pathlib import Path, PurePosixPath

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from docker import DockerClient
from docker.models.images import Image

from tests.container.conftest import Content

pytestmark = pytest.mark.promise("P19", "P20")

PROJECT = Path(__file__).parents[2]
ABOUT = "/usr/share/bitbucket-environment"

IMPORT_EVERYTHING = """
import importlib, json, pkgutil
missing = set()
for top in pkgutil.iter_modules(["/usr/lib/python3/dist-packages"]):
    package = importlib.import_module(top.name)
    for info in pkgutil.walk_packages(getattr(package, "__path__", []), top.name + "."):
        if not info.name.endswith((".__main__", ".cli")):  # these run on import
            try:
                importlib.import_module(info.name)
            except ImportError as error:
                missing.add(error.name)
print(json.dumps(sorted(missing)))
"""


def run(engine: DockerClient, image: Image, *command: str) -> str:
    """Run a command in the image instead of the pipe; return what it printed, errors included."""
    printed: bytes = engine.containers.run(
        image, list(command[1:]), entrypoint=command[0], remove=True, stdout=True, stderr=True
    )
    return printed.decode()


def test_the_compressed_size_is_bounded(image: Image) -> None:
    compressor = zlib.compressobj(wbits=31)
    size = sum(len(compressor.compress(chunk)) for chunk in image.save())
    size += len(compressor.flush())
    assert size <= 18_200_000


def test_the_interpreter_is_the_only_program(content: dict[str, Content]) -> None:
    programs = {
        path
        for path, found in content.items()
        if found.entry.isfile() and found.entry.mode & 0o111 and ".so" not in path
    }
    assert {PurePosixPath(path).parent for path in programs} == {PurePosixPath("/usr/bin")}
    assert {PurePosixPath(path).name[:9] for path in programs} == {"python3.1"}
    assert len(programs) == 1


def test_no_shell_no_package_manager_no_tests(content: dict[str, Content]) -> None:
    names = {part for path in content for part in PurePosixPath(path).parts}
    assert not names & {"sh", "bash", "dash", "busybox", "apt", "dpkg-query", "pip", "ensurepip"}
    assert not names & {"tests", "test", "unittest", "gcc", "ld", "image"}


def test_every_user_can_read_everything_and_write_nothing_but_tmp(
    content: dict[str, Content],
) -> None:
    for path, found in content.items():
        if path == "/tmp":  # noqa: S108 - the image's own folder
            assert found.entry.mode & 0o7777 == 0o1777
        elif not found.entry.issym():
            assert found.entry.mode & 0o044 == 0o044, path
            assert not found.entry.mode & 0o6022, path
        assert (found.entry.uid, found.entry.gid) == (0, 0), path


def test_every_file_has_the_same_time(content: dict[str, Content]) -> None:
    assert {found.entry.mtime for found in content.values()} == {0}


def test_two_builds_give_the_same_files(engine: DockerClient, build_stage: Image) -> None:
    listing = "find . -printf '%P %y %m %s %T@ %l\\n' | grep -v ' d ' | sort"
    script = (
        "PYTHONHASHSEED=0 PYTHONNODEBUGRANGES=1 python3 -m image.assemble packages pipe again"
        " && diff -r root again"
        f" && (cd root; {listing}) > first && (cd again; {listing}) > second && cmp first second"
        " && wc -l < first"
    )
    assert int(run(engine, build_stage, "sh", "-c", script)) > 1000


def test_every_module_is_compiled_with_an_unchecked_hash(content: dict[str, Content]) -> None:
    sources = {path for path in content if path.endswith(".py")}
    compiled = {path for path in content if path.endswith(".pyc")}
    tag = next(iter(compiled)).split(".")[-2]
    folders = {path: PurePosixPath(path) for path in sources}
    assert compiled == {
        str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") for path in folders.values()
    }
    # PEP 552: bit 0 says that a hash stands in place of the time, bit 1 that it is to be checked.
    assert {content[path].data[4:8] for path in compiled} == {b"\x01\0\0\0"}


def test_no_module_is_compiled_at_run_time(engine: DockerClient, image: Image) -> None:
    code = "import httpx, pydantic_settings, tenacity, yaml, pipe.models.errors"
    log = run(engine, image, "/usr/bin/python3", "-I", "-v", "-c", code)
    origins = re.findall(r"# code object from '?([^'\n]+)", log)
    assert len(origins) > 100
    assert [origin for origin in origins if not origin.endswith(".pyc")] == []


def test_no_needed_module_of_the_standard_library_is_left_out(
    engine: DockerClient, image: Image
) -> None:
    printed = run(engine, image, "/usr/bin/python3", "-I", "-c", IMPORT_EVERYTHING)
    missing = {name.partition(".")[0] for name in json.loads(printed.splitlines()[-1])}
    # What is optional in a dependency, and not installed.
    assert missing <= {
        "click",
        "h2",
        "hypothesis",
        "IPython",
        "mypy",
        "pytest",
        "socksio",
        "tornado",
        "trio",
    }
    assert not missing & sys.stdlib_module_names


def test_the_bill_of_materials_is_valid_and_complete(content: dict[str, Content]) -> None:
    bill = content[f"{ABOUT}/sbom.cdx.json"].data.decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    components = {item["purl"]: item for item in json.loads(bill)["components"]}
    locked = re.findall(
        r"^(\S+)==([^ ;]+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE
    )
    assert {f"pkg:pypi/{name}@{version}" for name, version in locked} == {
        purl for purl in components if purl.startswith("pkg:pypi/")
    }
    debian = {item["name"] for purl, item in components.items() if purl.startswith("pkg:deb/")}
    assert {"libc6", "libssl3t64"} <= debian
    for name in debian:
        assert content[f"/usr/share/doc/{name}/copyright"].data
        assert content[f"/var/lib/dpkg/status.d/{name}"].data
    assert all(item["licenses"] for item in components.values())
    licences = content[f"{ABOUT}/licences.txt"].data.decode().splitlines()
    assert len(licences) == len(components)


def test_every_python_package_brings_its_licence(content: dict[str, Content]) -> None:
    packages = {path.split("/")[5] for path in content if ".dist-info/" in path}
    licensed = {
        path.split("/")[5]
        for path in content
        if re.search(r"\.dist-info/(licenses/)?(.*/)?(LICEN[CS]E|COPYING)", path, re.IGNORECASE)
    }
    assert packages == licensed


def test_certificate_authorities_are_debians_by_their_hashes(
    engine: DockerClient, image: Image, content: dict[str, Content]
) -> None:
    authorities = {path for path in content if re.match(r"/etc/ssl/certs/[0-9a-f]{8}\.\d$", path)}
    assert len(authorities) > 100
    assert all(b"BEGIN CERTIFICATE" in content[path].data for path in authorities)
    code = (
        "import ssl; from pipe.bitbucket import http_client;"
        "print(http_client._tls_context({}).cert_store_stats()['x509_ca'])"
    )
    # None is read before a connection needs it.
    assert run(engine, image, "/usr/bin/python3", "-I", "-c", code).strip() == "0"


def test_the_container_file_names_no_architecture() -> None:
    texts = [PROJECT / "Dockerfile", *(PROJECT / "image").glob("*.*")]
    for text in texts:
        assert not re.search("amd64|arm64|x86|aarch", text.read_text()), text


def test_the_labels_and_defaults_of_the_image(image: Image) -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    config = image.attrs["Config"]
    assert config["Labels"]["org.opencontainers.image.version"] == version
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert config["User"] == ""
    assert not config["Cmd"]
    assert [variable.partition("=")[0] for variable in config["Env"] or []] in ([], ["PATH"])


def test_the_image_is_the_program_of_this_checkout(content: dict[str, Content]) -> None:
    where = "/usr/lib/python3/dist-packages/pipe"
    spec = importlib.util.find_spec("pipe")
    assert spec
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    ours = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.py")}
    assert ours == {
        path.removeprefix(f"{where}/"): found.data
        for path, found in content.items()
        if path.startswith(f"{where}/") and path.endswith(".py")
    }
