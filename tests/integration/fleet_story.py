"""A fleet in which every kind of thing is wrong: checked, planned, applied, and put right.

`python -m tests.integration.fleet_story` writes the log that people review anew.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.faults import Answer, DropConnection, Fault, garbage, server_error
from simulator.state.world import Repository
from tests.support.world import Ran, World, run_with

GOLDEN: Final = Path(__file__).with_name("fleet_story.txt")

CONFIGURATION: Final = """\
version: 1
workspace: acme
repositories:
  - project: PLAT
    exclude: ['*-archive']
  - svc-*
  - gone
  - '!svc-sandbox'
defaults:
  admin_only: false
environments:
  - name: Test
    type: Test
    variables: {API_URL: https://api.test.example}
    prune: [variables]
  - name: Production
    type: Production
    rename_from: Live
    admin_only: true
    variables:
      API_URL: https://api.acme.example
      DB_PASSWORD: {secured: true, from_env: PROD_DB_PASSWORD}
rules:
  - when: {type: Production}
    admin_only: true
  - when: {name: 'feature-*'}
    state: absent
overrides:
  - repositories: [svc-payments]
    environments:
      - name: Production
        branches: [main, release/*]
        variables: {API_URL: https://pay.acme.example}
  - repositories: [svc-legacy]
    environments:
      - {name: Test, type: Staging}
"""
BROKEN: Final[dict[str, Fault]] = {
    "svc-forbidden": Answer(
        status=403,
        body=b'{"type": "error", "error": {"message": "Your credentials lack one or more required'
        b' privilege scopes.", "detail": {"required": ["pipeline"], "granted": ["account"]}}}',
    ),
    "svc-html": garbage(b"<html><h1>Log in</h1></html>"),
    "svc-down": server_error(),
    "svc-silent": DropConnection(),
}


@dataclass(slots=True)
class Story:
    """The fleet, and those who look after it."""

    world: World = field(default_factory=World)

    def begin(self) -> None:
        """Let everything be wrong in its own way, beside one repository that is right."""
        self.world.files["environments.yml"] = CONFIGURATION
        self._add("svc-right")
        self._add("plat-archive")
        self._add("svc-sandbox")
        self._add("svc-empty", made=False)
        loose = self._add("svc-loose")
        loose.environment("Production").restrict(admin_only=False)
        loose.add_environment("Production EU", "Production")
        loose.add_environment("feature-7")
        self._add("svc-renamed").environment("Production").rename("Live")
        changed = self._add("svc-changed")
        changed.environment("Test").set_variable("API_URL", "https://api.old.example")
        changed.environment("Test").set_variable("LEFT_OVER", "1")
        changed.environment("Production").remove_variable("DB_PASSWORD")
        plain = self._add("svc-plain").environment("Production")
        plain.set_variable("DB_PASSWORD", "for all to read", secured=False)
        self._add("svc-payments")
        self._add("svc-legacy")
        twice = self._add("svc-twice")
        twice.add_environment("Live", "Production", admin_only=True)
        for slug, fault in BROKEN.items():
            self._add(slug)
            self.world.simulator.faults.add(fault, path=f"*/{slug}/*", times=10**6)

    def repair(self) -> None:
        """Do what the messages say: this is for people."""
        simulator = self.world.simulator
        simulator.faults.clear()
        simulator.add_repository("acme", "gone", project="PLAT")
        twice = simulator.repository("acme/svc-twice")
        twice.delete_environment(twice.environment("Live"))
        legacy = CONFIGURATION.replace("{name: Test, type: Staging}", "{name: Test}")
        self.world.files["environments.yml"] = legacy

    def run(self, **variables: str) -> Ran:
        wanted = {
            "CONFIG_FILE": "environments.yml",
            "BITBUCKET_REPO_SLUG": "",
            "PROD_DB_PASSWORD": "canary-password",
            "SECURED_UPDATE": "if-missing",
            "MAX_ATTEMPTS": "2",
            "FORCE": "true",  # feature environments are deleted by a pattern
        }
        return run_with(self.world, wanted | variables)

    def _add(self, slug: str, *, made: bool = True) -> Repository:
        project = "WEB" if slug.startswith("svc") else "PLAT"
        repository = self.world.simulator.add_repository("acme", slug, project=project)
        if made:
            test = repository.add_environment("Test", "Test")
            test.set_variable("API_URL", "https://api.test.example")
            production = repository.add_environment("Production", "Production", admin_only=True)
            production.set_variable("API_URL", "https://api.acme.example")
            production.set_variable("DB_PASSWORD", "stored", secured=True)
        return repository


def text() -> str:
    """Return the logs of the whole story, each under what is done."""
    story = Story()
    story.begin()
    chapters = {
        "MODE=check": story.run(MODE="check"),
        "MODE=plan": story.run(MODE="plan"),
        "MODE=apply": story.run(),
    }
    story.repair()
    chapters["MODE=apply, after people did what the messages say"] = story.run()
    chapters["MODE=check, at the end"] = story.run(MODE="check")
    return "\n".join(f"### {title}\n\n{ran.log}" for title, ran in chapters.items())


if __name__ == "__main__":
    GOLDEN.write_text(text(), encoding="utf-8")
