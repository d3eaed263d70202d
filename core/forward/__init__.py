"""Forwarding to Mixpanel: records, batches, the client, what answers mean, and the forwarder over them."""
