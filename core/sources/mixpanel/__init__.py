"""Mixpanel's own SDKs (device mode): what their requests mean, what they hold, and how they are answered."""
