// SPDX-License-Identifier: MIT
// What every page does beside its charts: tables sort by a click on a head, terms explain themselves, and what is folded
// is there on paper.
(() => {
  "use strict";
  const SCALES = { n: 1e-9, u: 1e-6, "\u00b5": 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

  // The number that a cell begins with, in its unit without prefix ("84.8 mJ", "1.8G"); null for words.
  const number = (text) => {
    const joined = text.trim().replace(/(\d)[\s\u00a0\u202f,](?=\d{3}(?!\d))/g, "$1");
    const found = /^[<>~\u2248]?\s*([+\u2212-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?:([nu\u00b5mkMGTP]?)(?:J|Wh?|s|B|Hz|g)(?!\w)|([kMGTP])(?!\w))?/.exec(joined);
    return found ? Number(found[1].replace("\u2212", "-")) * SCALES[found[2] ?? found[3] ?? ""] : null;
  };
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (x !== null && y !== null) return x - y;
    return a.localeCompare(b, "en", { numeric: true });
  };
  const missing = (text) => /^[\s\u2014-]*$/.test(text);

  const make_sortable = (table) => {
    const [body] = table.tBodies;
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    if (rows.length < 3) return;
    heads.forEach((head, column) => {
      const text = (row) => row.cells[column].textContent;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (order) head.setAttribute("aria-sort", order);
        const sign = order === "descending" ? -1 : 1;
        if (!order) return body.append(...rows);
        const last = (row) => missing(text(row)) || row.cells[0].textContent === "total";  // in both directions
        const sorted = rows.filter((row) => !last(row)).sort((a, b) => sign * compare(text(a), text(b)));
        body.append(...sorted, ...rows.filter(last));
      });
    });
  };

  const TERMS = {
    MACs: "multiply-accumulates: products, each with the sum that it is added to",
    skippable: "said of MACs that have an operand that is 0",
    skipped: "said of MACs that were not executed, since an operand was 0",
    density: "the share of values that are not 0",
    measured: "read from an energy counter",
    sampled: "readings of power, integrated over time",
    attributed: "a share of measured energy, by a rule that the page names",
    modelled: "the work that was counted, times the energies of a cost model: no meter was read for it",
    unavailable: "there is no figure, and the page says why",
    gross: "all energy of the time, with what the machine draws at rest",
    idle: "what the machine draws at rest, over the same time",
    dynamic: "gross minus idle energy",
    horowitz45: "a cost model: energies of operations in 45 nm CMOS (Horowitz, ISSCC 2014)",
    "L0 penalty": "a term of the loss: a smooth count of the activations that are not 0",
    PUE: "power usage effectiveness: the energy of a building over that of the machines in it",
    CO2e: "carbon dioxide that would warm as much as the gases that were emitted",
  };
  const words = Object.keys(TERMS).map((term) => term.replace(/s$/, "s?"));
  const pattern = new RegExp(`\\b(?:${words.join("|")})\\b`, "i");
  const term_of = (word) =>
    Object.keys(TERMS).find((term) => [term, term.replace(/s$/, "")].some((t) => t.toLowerCase() === word.toLowerCase()));

  const explain = () => {
    const used = new Set();
    for (const element of document.querySelectorAll("th, dt, figcaption, summary, .badge")) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      for (const text of texts) {
        const found = pattern.exec(text.data);
        if (!found) continue;
        const term = term_of(found[0]);
        const rest = text.splitText(found.index);
        rest.splitText(found[0].length);
        const mark = document.createElement("abbr");
        mark.title = TERMS[term];
        rest.replaceWith(mark);
        mark.append(rest);
        used.add(term);
      }
    }
    if (!used.size) return;
    const list = document.createElement("dl");
    for (const term of Object.keys(TERMS).filter((each) => used.has(each))) {
      list.append(Object.assign(document.createElement("dt"), { textContent: term }));
      list.append(Object.assign(document.createElement("dd"), { textContent: TERMS[term] }));
    }
    const folded = Object.assign(document.createElement("details"), { className: "terms" });
    folded.append(Object.assign(document.createElement("summary"), { textContent: "Terms" }), list);
    document.body.append(folded);
  };

  document.querySelectorAll("table:not(.heat):not(.prose)").forEach(make_sortable);
  explain();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((folded) => { folded.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((folded) => { folded.open = false; }));
})();
