// Where analytics.js loads its own parts from: this server. Its settings come from segtap, see page.js.
window.analytics = { _cdn: location.origin }
