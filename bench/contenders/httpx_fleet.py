"""A straightforward script on `httpx` and a thread pool: reads a fleet as quickly as can be.

It lists the repositories, then the environments of each, several at a time, and counts those of
type Production that are not restricted to administrators. It writes nothing, logs one line, and
tries nothing again.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx


def main() -> None:
    """Count the environments that are not as they should be."""
    environ = os.environ
    workers = int(environ["WORKERS"])
    client = httpx.Client(
        base_url=f"{environ['BITBUCKET_API_URL']}/2.0/repositories/{environ['WORKSPACE']}",
        headers={"Authorization": f"Bearer {environ['BITBUCKET_ACCESS_TOKEN']}"},
        limits=httpx.Limits(max_connections=workers, max_keepalive_connections=workers),
        timeout=30,
        trust_env=False,
    )

    def listed(path: str) -> list[dict]:
        values: list[dict] = []
        while True:
            page = len(values) // 100 + 1
            answer = client.get(path, params={"pagelen": 100, "page": page})
            body = answer.raise_for_status().json()
            values += body["values"]
            if "next" not in body:
                return values

    def wrong(slug: str) -> int:
        environments = listed(f"/{slug}/environments")
        return sum(
            each["environment_type"]["name"] == "Production"
            and not each["restrictions"]["admin_only"]
            for each in environments
        )

    with client, ThreadPoolExecutor(workers) as threads:
        slugs = [each["slug"] for each in listed("")]
        found = sum(threads.map(wrong, slugs))
    sys.stdout.write(f"{len(slugs)} repositories, {found} environments to change\n")


if __name__ == "__main__":
    main()
