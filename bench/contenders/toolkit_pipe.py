"""A pipe in the official shape, on `bitbucket-pipes-toolkit`: creates or updates an environment.

Its variables are declared as a schema, its credentials and its log come from the toolkit. It lists
with one request, writes only what differs, and does not read back what it wrote.
"""

from urllib.parse import quote

import requests
from bitbucket_pipes_toolkit import Pipe

TIMEOUT = 30.0

VARIABLES = {
    "ATLASSIAN_ACCOUNT_EMAIL": {"type": "string"},
    "ATLASSIAN_API_TOKEN": {"type": "string"},
    "BITBUCKET_ACCESS_TOKEN": {"type": "string"},
    "BITBUCKET_API_URL": {"type": "string", "default": "https://api.bitbucket.org"},
    "WORKSPACE": {"type": "string", "required": True},
    "REPO_SLUG": {"type": "string", "required": True},
    "ENVIRONMENT_NAME": {"type": "string", "required": True},
    "ENVIRONMENT_TYPE": {
        "type": "string",
        "required": True,
        "allowed": ["Test", "Staging", "Production"],
    },
    "ADMIN_ONLY": {"type": "boolean", "default": False},
    "DEBUG": {"type": "boolean", "default": False},
}


class EnvironmentPipe(Pipe):
    """Brings one environment into the declared state."""

    def run(self) -> None:
        """Run as an official pipe does, to a line that says how it ended."""
        super().run()
        repository = f"{self.get_variable('WORKSPACE')}/{self.get_variable('REPO_SLUG')}"
        base = f"{self.get_variable('BITBUCKET_API_URL')}/2.0"
        url = f"{base}/repositories/{repository}/environments"
        self.session = requests.Session()
        self.session.auth = self.resolve_auth()
        name = self.get_variable("ENVIRONMENT_NAME")
        admin_only = self.get_variable("ADMIN_ONLY")
        self.log_info(f"Looking for the environment {name} of {repository}")
        listed = self.call("GET", f"{url}?pagelen=100").json()["values"]
        found = next((each for each in listed if each["name"] == name), None)
        if found is None:
            self.call("POST", url, self.body(name, admin_only=admin_only))
            self.success(f"The environment {name} was created")
        elif found["restrictions"]["admin_only"] != admin_only:
            change = {"change": {"restrictions": {"admin_only": admin_only}}}
            self.call("POST", f"{url}/{quote(found['uuid'])}/changes", change)
            self.success(f"The environment {name} was updated")
        else:
            self.success(f"The environment {name} is as declared")

    def body(self, name: str, *, admin_only: bool) -> dict[str, object]:
        """Return the body that creates the environment."""
        return {
            "name": name,
            "environment_type": {"name": self.get_variable("ENVIRONMENT_TYPE")},
            "restrictions": {"admin_only": admin_only},
        }

    def call(self, method: str, url: str, body: object = None) -> requests.Response:
        """Send a request; end the pipe if it is refused."""
        answer = self.session.request(method, url, json=body, timeout=TIMEOUT)
        if not answer.ok:
            self.fail(f"{method} {url}: {answer.status_code} {answer.text}")
        return answer


if __name__ == "__main__":
    EnvironmentPipe(schema=VARIABLES).run()
