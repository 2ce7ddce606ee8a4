
// More lines than this are a tangle: people choose which they want to see.
const FIRST_SHOWN = 12;
const MOST_KEYS = 16;

/** Loss and accuracy of all runs, with one legend for the three charts. */
function showCurves(box) {
  const numbers = [...new Set(data.runs.filter((run) => run.loss || run.curves)
    .map((run) => run.line))];
  if (!numbers.length) {
    box.append(make("p", {}, "No run has come to the end of its training yet."));
    return;
  }
  const shown = new Set(numbers.slice(0, FIRST_SHOWN));
  let floor = 0;
  const charts = [
    { of: "loss", x: "iteration", y: "log10_loss", title: "log10 loss", over: "iterations" },
    { of: "curves", x: "step", y: "cell_accuracy", title: "cell accuracy %", over: "steps" },
    { of: "curves", x: "step", y: "agreement", title: "agreement %", over: "steps" },
  ];
  const repaint = () => charts.forEach((chart) => chart.paint());
  const legend = legendOf(numbers, shown, repaint, box);
  const zoom = floorChoice([0, 50, 80, 90, 95], (value) => {
    floor = value;
    repaint();
  });
  const grid = make("div", { class: "charts" });
  box.append(legend, make("div", { class: "controls" }, zoom), grid);
  for (const chart of charts) {
    const holder = make("div");
    const caption = chart.of === "loss"
      ? "Each point is the mean of a stretch of iterations."
      : "On test pictures; at the dotted line every picture is exchanged for another.";
    grid.append(make("figure", { class: "chart" },
      make("h3", {}, `${chart.title} over ${chart.over}`), holder, make("figcaption", {}, caption)));
    let width = 0;
    chart.paint = () => width && holder.replaceChildren(curveChart(chart, width, shown, floor));
    whenResized(holder, (found) => {
      width = found;
      chart.paint();
    });
  }
}

function legendOf(numbers, shown, repaint, box) {
  const boxes = [];
  const set = (chosen) => {
    shown.clear();
    numbers.forEach((number, place) => {
      boxes[place].checked = chosen;
      if (chosen) shown.add(number);
    });
    repaint();
  };
  const items = numbers.map((number) => {
    const input = make("input", {
      type: "checkbox",
      change: () => {
        if (input.checked) shown.add(number);
        else shown.delete(number);
        repaint();
      },
    });
    input.checked = shown.has(number);
    boxes.push(input);
    const light = (on) => () => highlight(box, on ? number : null);
    const sample = draw("svg", { width: 28, height: 10, "aria-hidden": "true" },
      draw("line", { x1: 0, x2: 28, y1: 5, y2: 5, ...styleOf(number) }));
    return make("label", {
      mouseenter: light(true), mouseleave: light(false), focusin: light(true), focusout: light(false),
    }, input, sample, make("span", {}, `${number} ${data.lines[number - 1].name}`));
  });
  const buttons = make("div", { class: "controls" },
    make("button", { type: "button", click: () => set(true) }, "Show all"),
    make("button", { type: "button", click: () => set(false) }, "Show none"));
  return make("div", {}, make("fieldset", { class: "legend" },
    make("legend", {}, "Lines, by their number in the table"), ...items), buttons);
}

/** Fade every line but one; null: none. */
function highlight(box, number) {
  for (const line of box.querySelectorAll("[data-line]")) {
    line.classList.toggle("faded", number !== null && line.dataset.line !== String(number));
  }
}

function curveChart(chart, width, shown, floor) {
  const percent = chart.of === "curves";
  const series = data.runs.filter((run) => shown.has(run.line) && run[chart.of]?.[chart.y])
    .map((run) => ({
      run,
      points: run[chart.of][chart.x]
        .map((x, place) => [x, run[chart.of][chart.y][place]])
        .filter(([, y]) => y !== null)
        .map(([x, y]) => [x, percent ? 100 * y : y]),
    })).filter(({ points }) => points.length);
  const xs = extent(series.flatMap(({ points }) => points.map(([x]) => x)));
  xs[0] = Math.min(0, xs[0]);
  const ys = percent ? [floor, 100]
    : extent(series.flatMap(({ points }) => points.map(([, y]) => y)));
  const plain = (value) => [value, value.toLocaleString("en")];
  const { svg, area, atX, atY } = frame(width,
    { range: xs, ticks: ticksBetween(...xs, width < 420 ? 4 : 6).map(plain), title: chart.over },
    { range: ys, ticks: ticksBetween(...ys, 5).map(plain) },
    `${chart.title} over ${chart.over}, ${series.length} runs; the table has the last values`);
  const clip = `clip-${chart.y}`;
  svg.append(draw("clipPath", { id: clip }, draw("rect", {
    x: area.left, y: area.top - 2, width: area.right - area.left, height: area.bottom - area.top + 3,
  })));
  if (percent) markMutation(svg, area, atX, series.map(({ run }) => run.mutation_step));
  const inside = draw("g", { "clip-path": `url(#${clip})` });
  for (const { run, points } of series) {
    const path = points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join("L");
    inside.append(draw("path", { d: `M${path}`, "data-line": run.line, ...styleOf(run.line) },
      draw("title", {}, `${run.line} ${run.row}, seed ${run.seed}`)));
  }
  svg.append(inside);
  addKeys(svg, area, atY, series);
  return svg;
}

function markMutation(svg, area, atX, steps) {
  for (const step of new Set(steps.filter((each) => each))) {
    const x = atX(step);
    svg.append(
      draw("line", { class: "mark", x1: x, x2: x, y1: area.top, y2: area.bottom }),
      draw("text", { x: x + 4, y: area.bottom - 6 }, "mutation"));
  }
}

/** The number of each line of the table, at the end of its first curve. */
function addKeys(svg, area, atY, series) {
  const first = [...new Map(series.map((each) => [each.run.line, each]).reverse()).values()];
  if (first.length > MOST_KEYS) return;
  const ends = first.map(({ points }) => Math.min(atY(points[points.length - 1][1]), area.bottom));
  spread(ends, 11, area.top, area.bottom).forEach((y, place) => {
    const number = first[place].run.line;
    svg.append(draw("text", { class: "key", x: area.right + 5, y: y + 4, "data-line": number }, number));
  });
}
