"""The SQLite store: one file, one thread that writes, threads that read."""
