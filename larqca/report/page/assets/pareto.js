
const BYTES = { memory_bytes: "theoretical memory", deployed_bytes: "deployed constants" };

/** Accuracy against bytes and against multiply-accumulates, a point for each line. */
function showPareto(box) {
  const measures = data.measures.filter(([name]) =>
    data.lines.some((line) => line.values[name] !== null));
  if (!measures.length) {
    box.append(make("p", {}, "No run is done yet."));
    return;
  }
  const chosen = { measure: measures[0][0], bytes: "memory_bytes", floor: null };
  const plots = [
    { cost: () => chosen.bytes, title: () => BYTES[chosen.bytes], ticks: byteTicks },
    { cost: () => "macs", title: () => "MACs a cell and step, of any precision", ticks: countTicks },
  ];
  const repaint = () => plots.forEach((plot) => plot.paint());
  const choose = (name) => (value) => {
    chosen[name] = value;
    repaint();
  };
  const sizes = Object.entries(BYTES).filter(([name]) =>
    data.lines.some((line) => line.values[name] !== null));
  const grid = make("div", { class: "charts" });
  box.append(make("div", { class: "controls" },
    choice("Upwards", measures, choose("measure")),
    floorChoice([null, 50, 80, 90, 95], choose("floor")),
    sizes.length > 1 ? choice("Bytes", sizes, choose("bytes")) : null), grid);
  for (const plot of plots) {
    const holder = make("div");
    const head = make("h3");
    const caption = make("figcaption");
    grid.append(make("figure", { class: "chart" }, head, holder, caption));
    let width = 0;
    plot.paint = () => {
      if (!width) return;
      const title = measures.find(([name]) => name === chosen.measure)[1];
      const all = pointsOf(plot.cost(), chosen.measure);
      const points = all.filter(({ share }) => 100 * share >= chosen.floor);
      const best = front(points);
      head.textContent = `${title} against ${plot.title()}`;
      holder.replaceChildren(paretoChart(points, best, plot, title, width, chosen.floor));
      caption.textContent = captionOf(best, all.length - points.length);
    };
    whenResized(holder, (found) => {
      width = found;
      plot.paint();
    });
  }
}

function captionOf(best, below) {
  const names = best.map(({ line }) => `${line.number} ${line.name}`).join("; ");
  const found = names ? `Nothing is both cheaper and better than ${names}.` : "No line to be drawn.";
  return below ? `${found} Below the axis: ${below}.` : found;
}

function pointsOf(cost, measure) {
  return data.lines
    .map((line) => ({ line, cost: line.values[cost], share: line.values[measure] }))
    .filter((point) => point.cost > 0 && point.share !== null);
}

/** The points that no other beats in both, the cheapest first. */
function front(points) {
  const best = [];
  let highest = -Infinity;
  for (const point of [...points].sort((a, b) => a.cost - b.cost || b.share - a.share)) {
    if (point.share > highest) best.push(point);
    highest = Math.max(highest, point.share);
  }
  return best;
}

function byteTicks(low, high) {
  const size = (bytes) => bytes < 1024 ? `${bytes} B`
    : bytes < 1024 ** 2 ? `${bytes / 1024} KiB` : `${bytes / 1024 ** 2} MiB`;
  return logTicks(low, high, 2, (power) => [2 ** power], size);
}

function countTicks(low, high) {
  return logTicks(low, high, 10, (power) => [1, 2, 5].map((factor) => factor * 10 ** power),
    (count) => count.toLocaleString("en"));
}

/** At most six of the round numbers from `low` to `high`, at their logarithms. */
function logTicks(low, high, base, rounds, text) {
  const ticks = [];
  const powers = [low, high].map((value) => Math.log(value) / Math.log(base));
  for (let power = Math.floor(powers[0]); power <= powers[1]; power++) {
    ticks.push(...rounds(power).filter((value) => value >= low && value <= high));
  }
  const every = Math.ceil(ticks.length / 6);
  return ticks.filter((_, place) => place % every === 0)
    .map((value) => [Math.log10(value), text(value)]);
}

function paretoChart(points, best, plot, title, width, floor) {
  const costs = extent(points.map(({ cost }) => Math.log10(cost)));
  const room = 0.06 * (costs[1] - costs[0]);
  const xs = [costs[0] - room, costs[1] + room];
  const [low] = extent(points.map(({ share }) => 100 * share));
  const ys = [floor ?? Math.max(0, Math.floor((low - 1) / 5) * 5), 100];
  const { svg, area, atX, atY } = frame(width,
    { range: xs, ticks: plot.ticks(10 ** xs[0], 10 ** xs[1]), title: plot.title() },
    { range: ys, ticks: ticksBetween(...ys, 5).map((value) => [value, String(value)]) },
    `${title} against ${plot.title()} of ${points.length} lines; the caption names the best`);
  const place = ({ cost, share }) => [atX(Math.log10(cost)), atY(100 * share)];
  if (best.length) {
    const steps = best.map(place).map(([x, y], number) => number ? `H${x}V${y}` : `M${x},${y}`);
    svg.append(draw("path", { class: "front", d: `${steps.join("")}H${area.right}` }));
  }
  // The best come last, so that no other hides them.
  for (const point of [...points.filter((each) => !best.includes(each)), ...best]) {
    const [x, y] = place(point);
    const name = point.line.baseline ? `${point.line.name} (baseline)` : point.line.name;
    const shape = best.includes(point) ? "point best" : "point";
    svg.append(point.line.baseline
      ? draw("rect", { class: shape, x: x - 4.5, y: y - 4.5, width: 9, height: 9, "data-line": point.line.number })
      : draw("circle", { class: shape, cx: x, cy: y, r: 4.5, "data-line": point.line.number }));
    svg.lastChild.append(draw("title", {}, `${point.line.number} ${name}: ${(100 * point.share).toFixed(1)} %`));
  }
  if (points.length <= 40) nameThem(svg, area, points, points.map(place));
  return svg;
}

/** Each point's number beside it, where nothing is yet. */
function nameThem(svg, area, points, places) {
  const around = [[9, 4], [-9, 4], [0, -9], [0, 17], [9, -7], [9, 15], [-9, -7], [-9, 15], [20, 4], [-20, 4]];
  const taken = [...places];
  points.forEach((point, number) => {
    const [x, y] = places[number];
    const free = (offset) => {
      const middle = [x + offset[0], y + offset[1] - 4];
      return middle[1] > area.top - 8 && middle[1] < area.bottom - 4
        && taken.every(([a, b]) => Math.abs(a - middle[0]) > 9 || Math.abs(b - middle[1]) > 8);
    };
    const offset = around.find(free) ?? around[0];
    taken.push([x + offset[0], y + offset[1] - 4]);
    svg.append(draw("text", {
      class: "key", x: x + offset[0], y: y + offset[1], "text-anchor": "middle",
    }, point.line.number));
  });
}
