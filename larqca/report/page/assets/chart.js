
// Okabe and Ito's colours, which people with any colour vision tell apart; then the same
// with dashes. Yellow is left out: it vanishes on white.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", null];
const DASHES = ["", "6 3", "2 3", "9 3 2 3"];

/** Attributes of the line of the table that has this number. */
function styleOf(number) {
  const place = number - 1;
  const colour = COLOURS[place % COLOURS.length];
  const dash = DASHES[Math.floor(place / COLOURS.length) % DASHES.length];
  return {
    class: colour ? "series" : "series own", stroke: colour, "stroke-dasharray": dash || null,
  };
}

/** About `count` round numbers from `low` to `high`. */
function ticksBetween(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-6; n++) {
    ticks.push(Number((n * step).toPrecision(12)));
  }
  return ticks;
}

/** Lowest and highest of some numbers, a little apart if they are one. */
function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/**
 * An empty chart: axes with ticks, and functions from values to places.
 *
 * x and y: {range: [low, high], ticks: [[place, text], ...], title}.
 * label: what the picture shows, in words.
 */
function frame(width, x, y, label) {
  const height = Math.round(Math.min(320, Math.max(220, width * 0.6)));
  const area = { left: 46, right: width - 26, top: 12, bottom: height - 38 };
  const scale = ([low, high], from, to) => (value) =>
    from + ((value - low) / (high - low)) * (to - from);
  const atX = scale(x.range, area.left, area.right);
  const atY = scale(y.range, area.bottom, area.top);
  const svg = draw("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label,
  });
  for (const [value, text] of y.ticks) {
    const place = atY(value);
    svg.append(
      draw("line", { class: "grid", x1: area.left, x2: area.right, y1: place, y2: place }),
      draw("text", { x: area.left - 6, y: place + 4, "text-anchor": "end" }, text));
  }
  for (const [value, text] of x.ticks) {
    svg.append(
      draw("line", { class: "axis", x1: atX(value), x2: atX(value), y1: area.bottom, y2: area.bottom + 4 }),
      draw("text", { x: atX(value), y: area.bottom + 16, "text-anchor": "middle" }, text));
  }
  svg.append(
    draw("line", { class: "axis", x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom }),
    draw("text", { x: (area.left + area.right) / 2, y: height - 6, "text-anchor": "middle" }, x.title));
  return { svg, area, atX, atY };
}

/** Move places apart that are closer than `gap`, in their order, within bounds. */
function spread(places, gap, low, high) {
  const order = places.map((place, index) => [place, index]).sort((a, b) => a[0] - b[0]);
  let last = low - gap;
  for (const each of order) last = each[0] = Math.max(each[0], last + gap);
  last = high + gap;
  for (const each of order.reverse()) last = each[0] = Math.min(each[0], last - gap);
  const moved = [];
  for (const [place, index] of order) moved[index] = place;
  return moved;
}

/** A choice of where an axis of shares begins, in per cent; its top is 100. */
function floorChoice(choices, changed) {
  return choice("Axis from", choices.map((value) =>
    [value ?? "", value === null ? "the lowest" : `${value} %`]),
  (value) => changed(value === "" ? null : Number(value)));
}
