"""A place on the real Bitbucket that a person lent to the live tests, and what is asked of it."""

import json
import os
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

PROJECT: Final = Path(__file__).parents[2]
NEEDED: Final = ("LIVE_WORKSPACE", "LIVE_REPO_SLUG")
CREDENTIALS: Final = ("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN", "BITBUCKET_ACCESS_TOKEN")

_LOOKS: Final = 20
_PAUSE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of the pipe ended: its code, its log and its JSON report."""

    exit_code: int
    log: str
    report: Any

    @property
    def writes(self) -> int:
        """How many requests were no GET."""
        return int(self.report["requests"]["writes"])


@dataclass(slots=True, kw_only=True)
class Workspace:
    """The repository that may be used, and the client that looks at it beside the pipe.

    Attributes:
        workspace: Its workspace.
        slug: Its slug; whatever else is in it is left alone.
        client: Calls the API with the same credentials.
        folder: For reports.
        prefix: Every environment made here begins with it; whatever does is deleted at the end.
    """

    workspace: str
    slug: str
    client: httpx.Client
    folder: Path
    prefix: str = field(default_factory=lambda: f"pipe-live-{secrets.token_hex(3)}")

    @property
    def environments_path(self) -> str:
        """Where the environments are."""
        return f"/2.0/repositories/{self.workspace}/{self.slug}/environments"

    def name(self, of: str) -> str:
        """Return a name of our own."""
        return f"{self.prefix}-{of}"

    def run(self, **variables: str) -> Ran:
        """Run the pipe as a process, as a step would."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        kept = ("PATH", "BITBUCKET_API_URL", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
        environ = {
            **{name: os.environ[name] for name in (*kept, *CREDENTIALS) if name in os.environ},
            "WORKSPACE": self.workspace,
            "REPO_SLUG": self.slug,
            "REPORT_FILES": str(report),
            "NO_COLOR": "1",
            **variables,
        }
        ended = subprocess.run(
            [sys.executable, "-m", "pipe"],
            cwd=PROJECT,
            env=environ,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return Ran(ended.returncode, ended.stderr, json.loads(report.read_text("utf-8")))

    def listed(self) -> list[dict[str, Any]]:
        """Return the environments that are listed, page by page."""
        found: dict[str, dict[str, Any]] = {}
        for number in range(1, 100):
            query = {"pagelen": "100", "page": str(number)}
            answer = self.client.get(self.environments_path, params=query).raise_for_status()
            new = {each["uuid"]: each for each in answer.json()["values"]} | found
            if len(new) == len(found):
                break
            found = new
        return list(found.values())

    def find(self, name: str) -> dict[str, Any] | None:
        """Return the environment of this name, if it is listed."""
        return next((each for each in self.listed() if each["name"] == name), None)

    def create(self, name: str, **fields: Any) -> httpx.Response:
        """Send what creates an environment of type Test, and whatever else."""
        body = {"name": name, "environment_type": {"name": "Test"}, **fields}
        return self.client.post(self.environments_path, json=body)

    def created(self, name: str) -> str:
        """Create an environment; return the path of its calls."""
        uuid = self.create(name).raise_for_status().json()["uuid"]
        return f"{self.environments_path}/{quote(uuid)}"

    def change(self, path: str, **change: Any) -> httpx.Response:
        """Send a change."""
        return self.client.post(f"{path}/changes", json={"change": change})

    def admin_only(self, path: str) -> bool:
        """Return whether only administrators may deploy."""
        answer = self.client.get(path).raise_for_status()
        return bool(answer.json()["restrictions"]["admin_only"])

    def variables_path(self, path: str) -> str:
        """Return where the variables of an environment are."""
        base, _, uuid = path.rpartition("/environments/")
        return f"{base}/deployments_config/environments/{uuid}/variables"

    def authorizations(self) -> dict[str, str]:
        """Return the `Authorization` header of every given credential, by its scheme."""
        email, api_token, access_token = (os.environ.get(name, "") for name in CREDENTIALS)
        basic = b64encode(f"{email}:{api_token}".encode()).decode()
        return {
            **({"Basic": f"Basic {basic}"} if email and api_token else {}),
            **({"Bearer": f"Bearer {access_token}"} if access_token else {}),
        }

    def clean(self) -> list[str]:
        """Delete whatever begins with our prefix; return the names that could not be deleted."""
        for each in self.ours():
            self.client.delete(f"{self.environments_path}/{quote(each['uuid'])}")
        after(lambda: not self.ours())
        return [each["name"] for each in self.ours()]

    def ours(self) -> list[dict[str, Any]]:
        """Return the environments that are listed and begin with our prefix, in any case."""
        return [each for each in self.listed() if each["name"].lower().startswith(self.prefix)]


def after(shows: Callable[[], bool]) -> int | None:
    """Look until it shows; return how many looks were in vain, `None` if it never showed."""
    for look in range(_LOOKS):
        if shows():
            return look
        time.sleep(_PAUSE_SECONDS)  # the real Bitbucket takes real time
    return None


def open_workspace(environ: Mapping[str, str], folder: Path) -> Workspace:
    """Return the place that the environment names."""
    token = environ.get("BITBUCKET_ACCESS_TOKEN", "")
    basic = (environ.get("ATLASSIAN_ACCOUNT_EMAIL", ""), environ.get("ATLASSIAN_API_TOKEN", ""))
    client = httpx.Client(
        base_url=environ.get("BITBUCKET_API_URL") or "https://api.bitbucket.org",
        auth=basic if all(basic) else None,
        headers={} if all(basic) else {"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    return Workspace(
        workspace=environ["LIVE_WORKSPACE"],
        slug=environ["LIVE_REPO_SLUG"],
        client=client,
        folder=folder,
    )
