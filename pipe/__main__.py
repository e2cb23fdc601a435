"""`python -m pipe`."""

from pipe.cli import exit_process

if __name__ == "__main__":
    exit_process()
