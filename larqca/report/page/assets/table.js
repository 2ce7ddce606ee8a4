
/** Let the heads of the table sort it. */
function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortRows(table.tBodies[0], column, head.classList.contains("number"), down ? -1 : 1);
    });
  });
}

/** Numbers by value, text by the alphabet, what is missing last in either direction. */
function sortRows(body, column, numeric, sign) {
  const compare = numeric ? (a, b) => a - b
    : (a, b) => a.localeCompare(b, undefined, { numeric: true });
  const keyed = [...body.rows].map((row) => {
    const value = row.cells[column].dataset.value;
    return [row, value !== undefined && numeric ? Number(value) : value];
  });
  keyed.sort(([, a], [, b]) => {
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
    return sign * compare(a, b);
  });
  body.append(...keyed.map(([row]) => row));
}
