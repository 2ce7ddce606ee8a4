
const FRAME_MILLISECONDS = 160;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** An animation of a run's cells, and a strip of moments below it. */
function showCells(cells) {
  const image = new Image();
  const canvas = canvasOf(cells);
  const player = playerOf(cells, (line) => paintLine(canvas, image, cells, line));
  const strip = stripOf(cells).map((line) => {
    const own = canvasOf(cells);
    own.setAttribute("aria-label", wordsFor(cells, line));
    return { line, own };
  });
  image.addEventListener("load", () => {
    for (const { line, own } of strip) paintLine(own, image, cells, line);
    player.ready();
  });
  image.src = cells.image;
  const rows = strip.map(({ line, own }) => make("li", {}, make("span", {}, momentName(cells, line)), own));
  return {
    stop: player.stop,
    element: make("div", {}, classKey(), make("figure", {}, canvas, player.controls),
      make("ul", { class: "strip" }, ...rows)),
  };
}

function canvasOf(cells) {
  return make("canvas", { class: "cells", role: "img" });
}

/** Show one line of the sheet of moments. */
function paintLine(canvas, image, cells, line) {
  const height = image.naturalHeight / cells.lines;
  if (canvas.width !== image.naturalWidth || canvas.height !== height) {
    canvas.width = image.naturalWidth;
    canvas.height = height;
  }
  canvas.getContext("2d").drawImage(
    image, 0, line * height, canvas.width, height, 0, 0, canvas.width, height);
}

/** The lines that the strip shows: the pictures, steps 1, 5, 20, and the last of each half. */
function stripOf(cells) {
  const chosen = [];
  let start = 0;
  cells.steps.forEach((step, line) => {
    if (cells.agree[line] === null) start = step;
    const last = line + 1 === cells.lines || cells.agree[line + 1] === null;
    if ([0, 1, 5, 20].includes(step - start) || last) chosen.push(line);
  });
  return chosen;
}

function momentName(cells, line) {
  if (cells.agree[line] !== null) return `step ${cells.steps[line]}`;
  return cells.phase[line] ? "exchanged" : "pictures";
}

/** What is to be seen in a line, in words. */
function wordsFor(cells, line) {
  const step = cells.steps[line];
  if (cells.agree[line] === null) {
    return cells.phase[line] ? `Step ${step}: every picture exchanged for another` : `Step ${step}: the pictures`;
  }
  return `Step ${step}: ${cells.agree[line]} of ${cells.pictures} agree, ${cells.right[line]} rightly`;
}

/** Buttons and a slider that call `paint(line)`; nothing moves before `ready`. */
function playerOf(cells, paint) {
  let line = 0, timer = null;
  const said = make("output");
  const slider = make("input", {
    type: "range", min: 0, max: cells.lines - 1, value: 0, "aria-label": "Moment",
    input: () => go(Number(slider.value)),
  });
  const play = make("button", { type: "button", click: () => (timer ? stop() : start()) }, "Play");
  const go = (to) => {
    stop();
    show(to);
  };
  const show = (to) => {
    line = Math.max(0, Math.min(cells.lines - 1, to));
    slider.value = line;
    said.textContent = wordsFor(cells, line);
    slider.setAttribute("aria-valuetext", said.textContent);
    paint(line);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const start = () => {
    if (line === cells.lines - 1) show(0);
    timer = setInterval(() => (line === cells.lines - 1 ? stop() : show(line + 1)), FRAME_MILLISECONDS);
    play.textContent = "Pause";
  };
  const controls = make("div", { class: "controls" }, play,
    make("button", { type: "button", click: () => go(line - 1) }, "Back"),
    make("button", { type: "button", click: () => go(line + 1) }, "Forward"), slider, said);
  const ready = () => {
    show(0);
    if (!still.matches) start();
  };
  return { controls, stop, ready };
}

/** Which colour is which class. */
function classKey() {
  return make("ul", { class: "classes", "aria-label": "Colours of classes" },
    ...data.colours.map((colour, number) => {
      const patch = make("i", { "aria-hidden": "true" });
      patch.style.background = colour;
      return make("li", {}, patch, String(number));
    }));
}
