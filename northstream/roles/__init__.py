"""One module per kind of child process; each has `run(launch)`."""
