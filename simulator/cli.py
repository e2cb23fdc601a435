"""The command line of the simulator."""

import argparse
import contextlib
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from simulator.behaviour.profiles import PROFILES
from simulator.behaviour.switches import SWITCHES, SwitchError, parse_switch, show, with_values
from simulator.control.documents import DocumentError, parse
from simulator.control.seed import DEMO, load_seed
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state import credentials

_EPILOG = f"""\
A fresh simulator accepts the API token {credentials.DEMO_API_TOKEN} of {credentials.DEMO_EMAIL},
the access token {credentials.DEMO_ACCESS_TOKEN}, and the OAuth consumer
{credentials.DEMO_CLIENT_ID} with the secret {credentials.DEMO_CLIENT_SECRET}.
Its state, its logs and its switches are under /_simulator/ on the same port.
"""


def say(text: str) -> None:
    """Write a line to standard output and flush it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Simulate Bitbucket Cloud's deployment environments on a local port.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port; 0, the default, picks a free one"
    )
    parser.add_argument("--seed-file", type=Path, help="YAML or JSON file with the initial state")
    parser.add_argument(
        "--random-seed", type=int, default=0, help="seed of uuids and orders (default: 0)"
    )
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        default="observed",
        help="set of switches (default: observed)",
    )
    parser.add_argument(
        "--switch",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override one switch of the profile; repeatable",
    )
    parser.add_argument(
        "--latency",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="seconds that every answer takes",
    )
    parser.add_argument("--log", action="store_true", help="print a line for each request")
    parser.add_argument(
        "--list-switches",
        nargs="?",
        const="text",
        choices=("text", "markdown"),
        help="print all switches, as text or as a table, and exit",
    )
    return parser


def list_switches() -> str:
    """Return every switch: its values, its default, what it means, how sure that is."""
    blocks = []
    for each in SWITCHES.values():
        values = " | ".join(each.values)
        head = f"{each.name} = {show(each.default)}    [{each.certainty}]  takes {values}"
        meaning = textwrap.indent(textwrap.fill(each.meaning, 92), "    ")
        blocks.append(f"{head}\n{meaning}")
    return "\n".join(blocks)


def switch_table() -> str:
    """Return every switch as the Markdown table of the documentation."""
    names = ("observed", "documented", "hostile")
    rows = [f"| switch | takes | {' | '.join(names)} | sure? | meaning |", f"|{' --- |' * 7}"]
    for each in SWITCHES.values():
        values = [show(getattr(PROFILES[name], each.name)) for name in names]
        shown = [values[0], *("" if value == values[0] else value for value in values[1:])]
        cells = (", ".join(each.values), *shown, each.certainty, each.meaning)
        rows.append(f"| `{each.name}` | {' | '.join(cells)} |")
    return "\n".join(rows)


def build(arguments: argparse.Namespace) -> Simulator:
    """Return the simulator that the command line describes.

    Raises:
        DocumentError: The seed file cannot be understood.
        OSError: The seed file cannot be read.
        SwitchError: A switch does not exist or does not take its value.
    """
    sim = Simulator(PROFILES[arguments.profile], random=arguments.random_seed)
    document = DEMO
    if arguments.seed_file is not None:
        document = parse(arguments.seed_file.read_text(encoding="utf-8"))
    load_seed(sim, document)
    values = {}
    for setting in arguments.switch:
        name, equals, text = setting.partition("=")
        if not equals:
            raise SwitchError(f"--switch takes NAME=VALUE, not {setting!r}")
        values[name] = parse_switch(name, text)
    sim.switches = with_values(sim.switches, values)
    return sim


class RequestPrinter:
    """An observer that prints each request once; `*` marks those with an effect."""

    def __init__(self) -> None:
        self._printed = 0

    def __call__(self, sim: Simulator) -> None:
        """Print the requests since the last call."""
        for each in sim.requests[self._printed :]:
            effect = " *" if each.took_effect else ""
            say(f"{each.index} {each.method} {each.path} {each.status or each.dropped}{effect}")
        self._printed = len(sim.requests)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    given = _parser().parse_args(arguments)
    if given.list_switches is not None:
        say(switch_table() if given.list_switches == "markdown" else list_switches())
        return 0
    try:
        sim = build(given)
        server = Server(sim, host=given.host, port=given.port, latency=given.latency)
    except (DocumentError, SwitchError, OSError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    if given.log:
        sim.observers.append(RequestPrinter())
    say(server.url)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0
