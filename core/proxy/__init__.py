"""`segtap proxy`: passes requests on to Segment and Mixpanel, unchanged, and shows the messages in them."""
