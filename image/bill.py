"""Bill of materials of the image (CycloneDX), and the licences of its parts."""

import json
import re
import subprocess
import uuid
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

PROGRAM: Final = "bitbucket-environment"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A third-party package in the image.

    Attributes:
        kind: `deb` or `pypi`, as package URLs call them.
        name: Its name there.
        version: Its version.
        licences: As the package declares them, as SPDX expressions where it does.
        address: The package URL, which scanners look up.
    """

    kind: str
    name: str
    version: str
    licences: tuple[str, ...]
    address: str


def write(packages: Path, origins: list[Path], root: Path, about: Path) -> None:
    """Write the bill into `about`, and licences and package records where scanners look.

    Args:
        packages: Where the Python packages of the image were installed.
        origins: The files of the build stage's Debian packages that were copied into the image.
        root: The root file system of the image.
        about: The folder in it for the bill and the list of licences.
    """
    debian = [record(name, root) for name in owners(origins)]
    parts = sorted([*debian, *map(python_part, distributions(path=[str(packages)]))])
    about.mkdir(parents=True)
    (about / "sbom.cdx.json").write_text(json.dumps(bill(parts), indent=1) + "\n")
    lines = [f"{part.name} {part.version}: {', '.join(part.licences)}" for part in parts]
    (about / "licences.txt").write_text("\n".join(lines) + "\n")


def owners(origins: list[Path]) -> list[str]:
    """Return the Debian packages that own the files; each file must have an owner."""
    found = ask("/usr/bin/dpkg-query", "--search", *map(str, origins))
    names = [line.rpartition(": ")[0].split(", ") for line in found.splitlines()]
    return sorted({name for several in names for name in several})


def record(name: str, root: Path) -> Part:
    """Copy a Debian package's licence and record to where scanners look; return the part."""
    fields = ask(
        "/usr/bin/dpkg-query",
        "--show",
        "--showformat",
        "${Package}\t${Version}\t${Architecture}",
        name,
    )
    package, version, architecture = fields.split("\t")
    status = root / "var/lib/dpkg/status.d" / package
    status.parent.mkdir(parents=True, exist_ok=True)
    status.write_text(ask("/usr/bin/dpkg-query", "--status", name))
    text = Path("/usr/share/doc", package, "copyright")
    copy = root / "usr/share/doc" / package / "copyright"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(text.read_bytes() if text.exists() else b"The base image left it out.\n")
    address = f"pkg:deb/debian/{package}@{version}?arch={architecture}"
    return Part("deb", package, version, debian_licences(copy.read_text("utf-8")), address)


def debian_licences(text: str) -> tuple[str, ...]:
    """Return the short names in a machine-readable copyright file, or where to find them."""
    if not text.startswith("Format:"):
        return ("see its copyright file",)
    return tuple(sorted(set(re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE))))


def python_part(distribution: Distribution) -> Part:
    """Describe an installed Python package."""
    metadata = distribution.metadata
    name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()
    declared = [
        *metadata.get_all("License-Expression", []),
        *metadata.get_all("License", []),
        *(
            classifier.rpartition(" :: ")[2]
            for classifier in metadata.get_all("Classifier", [])
            if classifier.startswith("License :: ")
        ),
    ]
    version = distribution.version
    return Part("pypi", name, version, (declared[0],), f"pkg:pypi/{name}@{version}")


def bill(parts: list[Part]) -> dict[str, object]:
    """Return the bill in CycloneDX 1.6; the same parts give the same bill."""
    serial = uuid.uuid5(uuid.NAMESPACE_URL, " ".join(part.address for part in parts))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": PROGRAM, "name": PROGRAM}},
        "components": [component(part) for part in parts],
    }


def component(part: Part) -> dict[str, object]:
    """Return a part as a CycloneDX component."""
    return {
        "type": "library",
        "bom-ref": part.address,
        "name": part.name,
        "version": part.version,
        "licenses": [{"license": {"name": licence}} for licence in part.licences],
        "purl": part.address,
    }


def ask(*command: str) -> str:
    """Run a command of the build stage; return its standard output."""
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return run.stdout
