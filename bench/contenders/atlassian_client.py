"""A straightforward script on `atlassian-python-api`: the variables of an environment that exists.

It lists the environments and the environment's variables, creates what is missing, updates plain
values that differ, and writes every secured value, since a stored one can't be read back. It takes
the package's own pages and calls, and tries nothing again.
"""

import json
import os
import sys

from atlassian.bitbucket import Cloud


def main() -> None:
    """Bring the variables of the environment into the declared state."""
    environ = os.environ
    cloud = Cloud(environ["BITBUCKET_API_URL"], token=environ["BITBUCKET_ACCESS_TOKEN"])
    repository = cloud.repositories.get(environ["WORKSPACE"], environ["REPO_SLUG"])
    environments = repository.deployment_environments.each()
    name = environ["ENVIRONMENT_NAME"]
    variables = next(
        each for each in environments if each.name == name
    ).deployment_environment_variables
    existing = {each.key: each for each in variables.each(pagelen=100)}
    written = 0
    for source, secured in (("VARIABLES", False), ("SECURED_VARIABLES", True)):
        for key, value in json.loads(environ[source]).items():
            if key not in existing:
                variables.create(key, value, secured=secured)
            elif secured or existing[key].value != value:
                existing[key].update(key=key, value=value, secured=secured)
            else:
                continue
            written += 1
    sys.stdout.write(f"{name}: {written} variables written\n")


if __name__ == "__main__":
    main()
