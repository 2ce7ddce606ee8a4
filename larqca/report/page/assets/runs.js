
/** A panel for each run, filled when it is opened for the first time. */
function showRuns(box) {
  for (const run of data.runs) {
    let shown = null;
    const inside = make("div", { class: "inside" });
    const panel = make("details", {
      class: "panel", id: run.id,
      toggle: () => {
        if (panel.open) shown ??= fillPanel(inside, run);
        else shown?.stop();
      },
    },
    make("summary", {}, make("strong", {}, `${run.line} ${run.row}, seed ${run.seed}`),
      make("span", {}, run.standing)), inside);
    box.append(panel);
  }
  openNamed();
  addEventListener("hashchange", openNamed);
}

/** Open the panel that the address names. */
function openNamed() {
  const panel = document.getElementById(location.hash.slice(1));
  if (panel?.tagName === "DETAILS") {
    panel.open = true;
    panel.scrollIntoView();
  }
}

/** Returns what must be stopped when the panel is closed. */
function fillPanel(inside, run) {
  const cells = run.cells ? showCells(run.cells) : null;
  inside.append(
    make("h3", {}, "Cells"),
    cells ? cells.element : make("p", {}, `No pictures. ${run.missing.cells}`),
    ...["loss", "curves"].filter((name) => run.missing[name])
      .map((name) => make("p", {}, `No ${name === "loss" ? "loss curve" : "accuracy curves"}. ${run.missing[name]}`)),
    make("h3", {}, "Configuration"), ...configuration(run),
    make("h3", {}, "Provenance"), provenance(run),
    make("h3", {}, "Files"), files(run));
  return cells ?? { stop() {} };
}

function configuration(run) {
  const differences = Object.entries(run.differences ?? {});
  return [
    differences.length
      ? make("dl", {}, ...differences.flatMap(([name, value]) =>
        [make("dt", {}, name), make("dd", {}, make("code", {}, JSON.stringify(value)))]))
      : make("p", {}, "As the grid's settings say."),
    run.config
      ? make("details", {}, make("summary", {}, "All of it"),
        make("pre", { tabindex: 0 }, JSON.stringify(run.config, null, 1)))
      : make("p", {}, "config.json is not there, or is damaged."),
  ];
}

function provenance(run) {
  if (!run.provenance.length) return make("p", {}, "The run has not started, or its provenance.json is damaged.");
  return make("dl", {}, ...run.provenance.flatMap(([name, text]) =>
    [make("dt", {}, name), make("dd", {}, text)]));
}

function files(run) {
  if (!run.files.length) return make("p", {}, "None yet.");
  return make("ul", { class: "files" }, ...run.files.map(({ name, href, size }) =>
    make("li", {}, make("a", { href }, name), " ", make("span", {}, size))));
}
