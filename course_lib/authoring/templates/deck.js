// one slide at a time; without this script the page shows all of them, one below the other
const root = document.documentElement, slides = [...document.querySelectorAll(".slide")];
const speaking = location.search === "?notes";
let now = 0, other = speaking ? window.opener : null;

// the largest type in which everything is seen; beside a figure, the figure gets the room
function fit(slide) {
  const content = slide.querySelector(".content");
  for (let size = content.querySelector("figure") ? 100 : 145; size >= 50; size -= 5) {
    content.style.fontSize = size + "%";
    if (content.scrollHeight <= content.clientHeight + 1 && content.scrollWidth <= content.clientWidth + 1) break;
  }
}

function show(place, told) {
  now = Math.max(0, Math.min(slides.length - 1, place));
  slides.forEach((slide, at) => slide.classList.toggle("now", at === now));
  document.getElementById("place").textContent = `${now + 1} / ${slides.length}`;
  document.getElementById("back").disabled = now === 0;
  document.getElementById("on").disabled = now === slides.length - 1;
  history.replaceState(null, "", "#" + (now + 1));
  fit(slides[now]);
  slides[now].querySelector("h1, h2").focus({ preventScroll: true });
  if (!told && other && !other.closed) other.postMessage(now, "*");
}

const keys = {
  ArrowRight: () => show(now + 1), ArrowDown: () => show(now + 1), PageDown: () => show(now + 1), " ": () => show(now + 1),
  ArrowLeft: () => show(now - 1), ArrowUp: () => show(now - 1), PageUp: () => show(now - 1),
  Home: () => show(0), End: () => show(slides.length - 1),
  n: () => { root.classList.toggle("with-notes"); fit(slides[now]); },
  s: () => { other = window.open(location.href.split(/[?#]/)[0] + "?notes#" + (now + 1), "notes", "width=900,height=700"); },
};
addEventListener("keydown", (event) => {
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT" || (event.key === " " && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  act();
});
addEventListener("message", (event) => { if (event.source === other && Number.isInteger(event.data)) show(event.data, true); });
addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1));
addEventListener("resize", () => fit(slides[now]));
document.getElementById("back").onclick = keys.ArrowLeft;
document.getElementById("on").onclick = keys.ArrowRight;
root.classList.add("one-by-one");
if (speaking) root.classList.add("with-notes");
show((Number(location.hash.slice(1)) || 1) - 1, true);
