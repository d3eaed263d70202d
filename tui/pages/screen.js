// textual.js marks the body once the connection is closed.
const ended = document.getElementById("ended");
new MutationObserver(() => {
  ended.hidden = !document.body.classList.contains("-closed");
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
document.getElementById("again").addEventListener("click", () => location.reload());
