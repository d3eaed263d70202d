"""The stores on NATS JetStream: many engines share what was received, and the work of sending it."""
