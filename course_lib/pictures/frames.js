// Range inputs that move through pictures on one sheet, in place of the still before this script.
// Nothing of it is in the page's own HTML: where no script runs, the still is all there is.
(script, { axes, sheet, width, height, alts, words, note }) => {
  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const count = words.length;
  // the whole sheet is the image; its frame shows as much of it as one picture, and a theme's padding would cut that
  const picture = make("img", {
    width, height, decoding: "sync", src: sheet,
    style: `padding: 0; width: 100%; max-width: ${width}px; height: auto; aspect-ratio: ${width} / ${height}; object-fit: cover`,
  });
  const sentence = make("div", { role: "status" });
  const controls = make("div", { style: "display: flex; flex-wrap: wrap; gap: 0.3em 2em; margin-bottom: 0.6em" });
  const moved = axes.map(({ label, values, start }) => {
    const input = make("input", {
      type: "range", min: 0, max: values.length - 1, step: 1, value: start,
      // JupyterLab's own: leave the arrow keys, which would go to another cell
      "data-lm-suppress-shortcuts": "true",
      style: "width: 14em; max-width: 100%; vertical-align: middle",
    });
    // the input itself says its value to those who listen
    const value = make("span", { "aria-hidden": "true" });
    controls.append(make("span", { style: "max-width: 100%" }, make("label", {}, `${label} `, input), " ", value));
    return { input, value, values };
  });
  const show = () => {
    let place = 0;
    for (const { input, value, values } of moved) {
      const said = values[input.value];
      value.textContent = said;
      input.setAttribute("aria-valuetext", said);
      place = place * values.length + Number(input.value);
    }
    picture.alt = alts[place] ?? alts[0];
    picture.style.objectPosition = `0 ${(100 * place) / (count - 1)}%`;
    if (sentence.textContent !== words[place]) sentence.textContent = words[place];
  };
  controls.addEventListener("input", show);
  show();
  const still = script.previousElementSibling;
  still.classList.add("course-still");
  const caption = make("figcaption", { style: "max-width: 46em; margin-top: 0.4em" }, sentence, make("small", {}, note));
  still.after(
    make("style", {}, "@media screen {.course-still {display: none}} @media print {.course-frames {display: none}}"),
    make(
      "div", { class: "course-frames" },
      controls, make("figure", { class: "course-figure", style: "margin: 0.4em 0 0.8em" }, picture, caption),
    ),
  );
}
