"""The sockets that an engine listens on, and how others start one and find those that run."""
