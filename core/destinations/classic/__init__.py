"""Mixpanel (Classic) in cloud mode."""
