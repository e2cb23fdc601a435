"""Clock, signals, streams and threads of the process, which tests replace."""
