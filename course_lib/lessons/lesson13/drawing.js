// A board of cells to draw on, by mouse, pen or finger, and by keys. Python reads `cells`: the number of each one's grey.
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
// of the picture in the canvas, for each cell; the page shows half of them, so that lines stay sharp on sharp screens
const PIXELS = 40;
// JupyterLab's own, on what has the focus: leave the keys, which would go to another cell or cut this one
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
const copy = (cells) => cells.map((row) => [...row]);

function render({ model, el }) {
  const greys = model.get("greys");
  let cells = copy(model.get("cells"));
  const size = cells.length;
  let brush = greys.length - 1;
  let at = [0, 0]; // row and column of the keys' frame
  let last = null; // where the pointer was, while it is down

  const canvas = make("canvas", {
    width: size * PIXELS, height: size * PIXELS, tabindex: 0, role: "application", ...OWN_KEYS,
    "aria-label": `Board of ${size} by ${size} cells to draw on. Arrow keys move, with Shift they paint on the way; ` +
      `space paints; 1 to ${greys.length} choose the grey.`,
  });
  const status = make("div", { role: "status" });
  const brushes = greys.map(({ name, value }, number) => {
    const swatch = make("span", { class: "uc-swatch", style: `background: rgb(${value}, ${value}, ${value})` });
    const button = make("button", { type: "button", ...OWN_KEYS }, swatch, `${number + 1} ${name}`);
    button.onclick = () => choose(number);
    return button;
  });
  const action = (label, made) => {
    const button = make("button", { type: "button", ...OWN_KEYS }, label);
    button.onclick = () => {
      cells = made();
      keep(`${label}.`);
    };
    return button;
  };

  const draw = () => {
    const pen = canvas.getContext("2d");
    cells.forEach((row, i) => row.forEach((number, j) => {
      const { value } = greys[number];
      pen.fillStyle = `rgb(${value}, ${value}, ${value})`;
      pen.fillRect(j * PIXELS, i * PIXELS, PIXELS, PIXELS);
      // a line that is seen on every grey, and belongs to none
      pen.strokeStyle = "rgba(128, 128, 128, 0.35)";
      pen.lineWidth = 2;
      pen.strokeRect(j * PIXELS, i * PIXELS, PIXELS, PIXELS);
    }));
    if (document.activeElement !== canvas && canvas.getRootNode().activeElement !== canvas) return;
    for (const [color, inset, width] of [["#000", 3, 6], ["#ffd84d", 7, 6]]) {
      pen.strokeStyle = color;
      pen.lineWidth = width;
      pen.strokeRect(at[1] * PIXELS + inset, at[0] * PIXELS + inset, PIXELS - 2 * inset, PIXELS - 2 * inset);
    }
  };
  const say = (words) => { status.textContent = words; };
  const place = () => `Row ${at[0] + 1}, column ${at[1] + 1}: ${greys[cells[at[0]][at[1]]].name}.`;
  const keep = (words) => {
    model.set("cells", copy(cells));
    model.save_changes();
    say(words);
    draw();
  };
  const choose = (number) => {
    brush = number;
    brushes.forEach((button, i) => button.setAttribute("aria-pressed", String(i === brush)));
    say(`Brush: ${greys[brush].name}.`);
  };

  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (share) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    return [inside((event.clientY - box.top) / box.height), inside((event.clientX - box.left) / box.width)];
  };
  // every cell on the way: a quick pointer reports only some of them
  const line = (from, to) => {
    const count = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
    for (let i = 0; i <= count; i++) {
      const [row, column] = [0, 1].map((axis) => Math.round(from[axis] + ((to[axis] - from[axis]) * i) / count));
      cells[row][column] = brush;
    }
  };
  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    at = last = under(event);
    line(last, at);
    draw();
  };
  canvas.onpointermove = (event) => {
    if (last === null) return;
    at = under(event);
    line(last, at);
    last = at;
    draw();
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    if (last === null) return;
    last = null;
    keep(place());
  };
  canvas.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key];
    if (move) {
      at = at.map((here, axis) => Math.max(0, Math.min(size - 1, here + move[axis])));
      if (event.shiftKey) cells[at[0]][at[1]] = brush;
    } else if (event.key === " ") {
      cells[at[0]][at[1]] = brush;
    } else if (greys[Number(event.key) - 1]) {
      choose(Number(event.key) - 1);
    } else return;
    event.preventDefault(); // the page would scroll
    event.stopPropagation();
    if (event.key === " " || (move && event.shiftKey)) keep(place());
    else if (move) say(place());
    draw();
  };
  canvas.onfocus = canvas.onblur = draw;

  const changed = () => {
    cells = copy(model.get("cells"));
    draw();
  };
  model.on("change:cells", changed);
  choose(brush);
  el.append(make(
    "div", { class: "uc-board" },
    make("div", { role: "group", "aria-label": "Brush" }, ...brushes),
    canvas,
    make(
      "div", {},
      action("All black", () => copy(cells).map((row) => row.fill(0))),
      action("As it began", () => copy(model.get("start"))),
    ),
    status,
    make(
      "small", {},
      `Draw by mouse, pen or finger. By keys: arrows move, space paints, Shift and arrows paint a line, 1 to ${greys.length} ` +
        "choose the grey.",
    ),
  ));
  draw();
  return () => model.off("change:cells", changed);
}

export default { render };
