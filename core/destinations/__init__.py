"""Destinations: what Segment makes of a message for Mixpanel."""
