"""Segment's Tracking API: paths, the pixel, the settings for SDKs, and what Segment would object to."""
