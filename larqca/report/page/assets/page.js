"use strict";

// Every text of the sweep comes in through `textContent` or an attribute: none is ever
// parsed as HTML.

const data = JSON.parse(document.getElementById("data").textContent);

/** An element with attributes (a function is a listener) and children (text or elements). */
function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in SVG. */
function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A labelled choice; `choices` are pairs of value and title. */
function choice(label, choices, changed) {
  const select = make("select", { change: () => changed(select.value) },
    ...choices.map(([value, title]) => make("option", { value }, title)));
  return make("label", {}, label + " ", select);
}

/** Call `paint(width)` now and whenever the width of `box` changes. */
function whenResized(box, paint) {
  let before = 0;
  new ResizeObserver(() => {
    const width = Math.round(box.clientWidth);
    if (width && width !== before) paint((before = width));
  }).observe(box);
}
