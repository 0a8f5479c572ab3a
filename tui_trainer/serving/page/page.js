// Keys go to the app from the start and after a reload: without this the page waits for a click.
function take() {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys && !document.body.classList.contains("-closed")) keys.focus({ preventScroll: true });
  return keys !== null && document.body.classList.contains("-first-byte");
}
const drawn = new MutationObserver(() => { if (take()) drawn.disconnect(); });
document.addEventListener("DOMContentLoaded", () => {
  drawn.observe(document.body, { attributes: true, childList: true, subtree: true });
  take();
});
window.addEventListener("focus", take);
