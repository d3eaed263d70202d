"""Mixpanel (Actions): its actions and fields, its presets as data, and where values come from."""
