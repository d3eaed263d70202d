"""Lines in, lines out: what each command does, without a terminal. `export` and `replay` do I/O."""
