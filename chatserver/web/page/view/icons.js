// @ts-check

const SVG = "http://www.w3.org/2000/svg";

/** Drawn with a pen of 1.8 on a field of 24. */
const PATHS = {
  back: "M15 5l-7 7 7 7",
  plus: "M12 5v14M5 12h14",
  send: "M4 12l16-7-6 15-3-6zM11 14l4-4",
  close: "M6 6l12 12M18 6L6 18",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6",
  group: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19c.8-3.5 3.4-5 6.5-5s5.7 1.5 6.5 5M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .6 3.1 2.2 3.5 4.5",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5V12l3 2",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 7.5v5.5M12 16.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  down: "M12 5v14M6 13l6 6 6-6",
  help: "M9.2 9.2a2.9 2.9 0 1 1 4.3 2.6c-1 .6-1.5 1.1-1.5 2.2M12 17v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  more: "M12 6v.1M12 12v.1M12 18v.1",
};

/** A picture that says nothing to those who listen. @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
