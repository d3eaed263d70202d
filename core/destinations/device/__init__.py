"""Segment's classic Mixpanel integration in device mode: what the page itself sends to Mixpanel.

`options` reads the settings, `page` the page that was loaded, `state` what the browser keeps, `sdk` and
`people` are Mixpanel's SDK, `integration` is Segment's code that calls it, `simulation` ties them together:
one message after the other. All of it is pure: times come from the messages, random ids from the caller.
"""
