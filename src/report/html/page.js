"use strict";
// Filters and sorts the table. What it shows was written before; nothing here makes markup from text.
(() => {
  const rows = [...document.querySelectorAll("#rows tbody tr")];
  const form = document.getElementById("filters");
  const query = document.getElementById("query");
  const count = document.getElementById("count");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  // What a chart was asked for and the form has no field of: a folder, a blocker.
  const chosen = { folder: "", waits: "" };
  form.hidden = false;

  const holds = (row, words, verdicts) =>
    words.every((word) => texts.get(row).includes(word)) &&
    (verdicts.length === 0 || verdicts.includes(row.dataset.verdict)) &&
    ["subsystem", "hook"].every((name) => !form.elements[name].value || row.dataset[name] === form.elements[name].value) &&
    (!chosen.folder || row.dataset.folder.startsWith(chosen.folder)) &&
    (!chosen.waits || row.dataset.waits.split(" ").includes(chosen.waits));

  const filter = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = [...form.querySelectorAll("[name=verdict]:checked")].map((box) => box.value);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !holds(row, words, verdicts);
      shown += row.hidden ? 0 : 1;
    }
    const extra = [chosen.folder && ` below ${chosen.folder}`, chosen.waits && ` that wait for ${chosen.waits}`];
    count.textContent = `${shown} of ${rows.length}${extra.filter(Boolean).join("")}`;
  };

  const clear = () => {
    form.querySelectorAll("[name=verdict]").forEach((box) => { box.checked = false; });
    form.elements.subsystem.value = form.elements.hook.value = query.value = "";
    chosen.folder = chosen.waits = "";
  };

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); clear(); filter(); });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-filter]");
    if (!link) return;
    const { filter: name, value } = link.dataset;
    clear();
    if (name === "verdict") {
      form.querySelectorAll("[name=verdict]").forEach((box) => { box.checked = box.value === value; });
    } else if (name in chosen) {
      chosen[name] = value;
    } else if (form.elements[name]) {
      form.elements[name].value = value;
    }
    filter();
  });

  document.querySelectorAll("#rows thead th").forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const falls = heading.getAttribute("aria-sort") === "ascending";
      document.querySelectorAll("#rows thead th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
      // Verdicts and efforts have an order of their own, which is not that of letters.
      const key = (row) => row.cells[column].dataset.rank ?? row.cells[column].textContent;
      const compared = (one, other) => key(one).localeCompare(key(other), undefined, { numeric: true });
      const sorted = [...rows].sort((one, other) => compared(one, other) * (falls ? -1 : 1));
      document.querySelector("#rows tbody").append(...sorted);
    });
  });

  document.addEventListener("keydown", (event) => {
    const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !writes) {
      event.preventDefault();
      location.hash = "handlers";
      query.focus();
    } else if (event.key === "Escape" && event.target === query) {
      clear();
      filter();
    } else if (event.key === "Escape" && document.querySelector("article.handler:target")) {
      location.hash = "handlers";
    }
  });

  // A page of a handler has a title of its own, for the history and for tabs.
  const title = document.title;
  const named = () => {
    const heading = document.querySelector("article.handler:target h2 code");
    document.title = heading ? `${heading.textContent}: ${title}` : title;
  };
  addEventListener("hashchange", named);
  named();

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.style.colorScheme ? root.style.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.style.colorScheme = dark ? "light" : "dark";
  });

  filter();
})();
