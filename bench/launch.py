"""Starts one program and measures it: a process of its own, so small that it hides nothing.

The most memory that a process held counts from before it became another program: a large parent
would be measured in place of a small child. Usage: launch.py RESULT PROGRAM [ARGUMENT …]
"""

import os
import sys
import time


def main() -> None:
    """Run the program with this process's environment and output; write what was measured."""
    result, program = sys.argv[1], sys.argv[2:]
    started_at, started = time.time(), time.monotonic()
    child = os.posix_spawn(program[0], program, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - started
    code = os.waitstatus_to_exitcode(status)
    with open(result, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib would be measured
        cpu = usage.ru_utime + usage.ru_stime
        file.write(f"{code} {started_at} {seconds} {cpu} {usage.ru_maxrss}")


if __name__ == "__main__":
    main()
