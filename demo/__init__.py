"""Run the pipe against a simulated Bitbucket and show what happens; `make demo` runs it."""
