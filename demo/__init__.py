"""Shows the pipe at work against a simulated Bitbucket; `make demo` runs it."""
