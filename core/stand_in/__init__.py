"""A Mixpanel for tests and for trying things: accepts, refuses and keeps records as Mixpanel does."""
