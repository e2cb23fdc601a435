"""The script that many teams have: list, then write, whether or not anything differs.

It does what such scripts do, and does it well: one list of a hundred, an exact look for the name,
then one POST that creates, or one that sends the whole body as a change. It neither compares, nor
reads back, nor tries again.
"""

import os
import sys
from urllib.parse import quote

import requests

TIMEOUT = 30.0


def main() -> None:
    """Create or update the environment that the variables name."""
    environ = os.environ
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {environ['BITBUCKET_ACCESS_TOKEN']}"
    repository = f"{environ['WORKSPACE']}/{environ['REPO_SLUG']}"
    url = f"{environ['BITBUCKET_API_URL']}/2.0/repositories/{repository}/environments"
    listed = session.get(url, params={"pagelen": 100}, timeout=TIMEOUT)
    listed.raise_for_status()
    name = environ["ENVIRONMENT_NAME"]
    found = next((each for each in listed.json()["values"] if each["name"] == name), None)
    body = {
        "name": name,
        "environment_type": {"name": environ["ENVIRONMENT_TYPE"]},
        "restrictions": {"admin_only": environ["ADMIN_ONLY"] == "true"},
    }
    if found is None:
        answer = session.post(url, json=body, timeout=TIMEOUT)
    else:
        change = f"{url}/{quote(found['uuid'])}/changes"
        answer = session.post(change, json={"change": body}, timeout=TIMEOUT)
    answer.raise_for_status()
    sys.stdout.write(f"{name}: {answer.status_code}\n")


if __name__ == "__main__":
    main()
