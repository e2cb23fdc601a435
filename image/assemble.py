"""Assemble the root file system of the image: an interpreter, its libraries, and the program.

This runs in the build stage of the Dockerfile, under the interpreter that it copies. So it needs
neither the name of an architecture nor a version of Python:

    python3 -m image.assemble PACKAGES PROGRAM ROOT

PACKAGES is the folder into which pip installed the dependencies, PROGRAM the folder `pipe`, and
ROOT the folder to create.
"""

import compileall
import os
import py_compile
import re
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Final

from image import bill

INTERPRETER: Final = Path(sys.executable).resolve()
STANDARD_LIBRARY: Final = Path(sysconfig.get_path("stdlib"))
SITE: Final = Path("/usr/lib/python3/dist-packages")
ABOUT: Final = Path("/usr/share/bitbucket-environment")

UNNEEDED: Final = [
    line
    for line in Path(__file__).with_name("unneeded.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
"""Parts of the standard library that are left out: patterns that match the end of a path."""

UNNEEDED_IN_PACKAGES: Final = [
    *("__pycache__", "bin", "tests", "*.pyi"),
    "*.dist-info/RECORD",  # would list files that are missing
    "certifi/cacert.pem",  # Debian's certificates are used
]
"""Parts of the dependencies that are left out: patterns that match the end of a path."""

CERTIFICATES: Final = Path("/etc/ssl/certs")

ACCOUNTS: Final = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
"""The names of the users, and how host names are resolved."""


def assemble(packages: Path, program: Path, root: Path) -> None:
    """Create the root file system in `root`; the same input always gives the same files."""
    origins = [
        *copy_interpreter(root),
        *copy_libraries(packages, root),
        *copy_certificates(root),
    ]
    copy_tree(packages, inside(root, SITE), UNNEEDED_IN_PACKAGES)
    copy_tree(program, inside(root, SITE / "pipe"), ["__pycache__"])
    compile_all(root)
    for name, text in ACCOUNTS.items():
        write(root / name, text)
    copy_file(Path("/usr/lib/os-release").resolve(), root / "etc/os-release")
    bill.write(packages, origins, root, inside(root, ABOUT))
    (root / "tmp").mkdir()
    settle(root)
    (root / "tmp").chmod(0o1777)


def copy_interpreter(root: Path) -> list[Path]:
    """Copy the interpreter and its standard library; return the copied files."""
    copy_file(INTERPRETER, inside(root, INTERPRETER))
    inside(root, Path("/usr/bin/python3")).symlink_to(INTERPRETER.name)
    return [INTERPRETER, *copy_tree(STANDARD_LIBRARY, inside(root, STANDARD_LIBRARY), UNNEEDED)]


def copy_libraries(packages: Path, root: Path) -> list[Path]:
    """Copy the shared libraries of the interpreter and the extension modules; return them."""
    modules = [*inside(root, STANDARD_LIBRARY).rglob("*.so"), *packages.rglob("*.so")]
    libraries = {library for file in (INTERPRETER, *modules) for library in needed_by(file)}
    for library in libraries:
        # The folder under its real name, the library under the name that is loaded.
        copy_file(library, inside(root, library.parent.resolve() / library.name))
    for link in Path("/").glob("lib*"):
        if link.is_symlink():
            (root / link.name).symlink_to(link.readlink())
    return [library.resolve() for library in libraries]


def copy_certificates(root: Path) -> list[Path]:
    """Copy Debian's certificate authorities, by the names that OpenSSL looks up; return them.

    OpenSSL reads only the one that it needs from such a directory.
    """
    copied = []
    for hashed in CERTIFICATES.glob("*.[0-9]"):
        origin = hashed.resolve()
        if origin.is_relative_to("/usr/share/ca-certificates"):
            copy_file(origin, inside(root, hashed))
            copied.append(origin)
    return copied


def needed_by(file: Path) -> list[Path]:
    """Return the shared libraries that `file` loads, directly or not, and the loader."""
    listed = bill.ask("/usr/bin/ldd", str(file))
    if "not found" in listed:
        sys.exit(f"{file} needs a library that is not installed:\n{listed}")
    return [Path(path) for path in re.findall(r"(?:^\s*|=> )(/\S+) \(0x", listed, re.MULTILINE)]


def copy_tree(source: Path, target: Path, unneeded: list[str]) -> list[Path]:
    """Copy a folder except for what matches `unneeded`; return the copied files."""
    copied = []
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if not any(map(Path(folder, name).match, unneeded))]
        for file in (Path(folder, name) for name in files):
            if not any(map(file.match, unneeded)):
                copy_file(file, target / file.relative_to(source))
                copied.append(file.resolve())
    return copied


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's content and permissions; follow links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def compile_all(root: Path) -> None:
    """Compile every module to bytecode that is used without checking the source."""
    for folder in (STANDARD_LIBRARY, SITE):
        compiled = compileall.compile_dir(
            inside(root, folder),
            quiet=1,
            maxlevels=100,
            stripdir=str(root),
            prependdir="/",
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        if not compiled:
            sys.exit(f"some modules in {folder} could not be compiled")


def settle(root: Path) -> None:
    """Set the same time for every file, and permissions that let every user read it."""
    for path in (*root.rglob("*"), root):
        if not path.is_symlink():
            script = path.suffix == ".py"
            executable = path.is_dir() or (path.stat().st_mode & 0o111 and not script)
            path.chmod(0o755 if executable else 0o644)
        os.utime(path, (0, 0), follow_symlinks=False)


def inside(root: Path, path: Path) -> Path:
    """Return where an absolute path lies in the root file system."""
    return root / path.relative_to("/")


def write(path: Path, text: str) -> None:
    """Write a text file; create its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    assemble(*(Path(argument).resolve() for argument in sys.argv[1:4]))
