"use strict";
{
  const tools = document.querySelector(".tools");
  const rows = [...document.querySelectorAll("tbody.results > tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const search = tools.querySelector("input");
  const state = tools.querySelector("select");
  const open = tools.querySelector("button");
  const count = tools.querySelector("output");

  const folded = () =>
    rows.filter((row) => !row.hidden).flatMap((row) => [...row.querySelectorAll("details")]);

  const name = () => {
    const closed = folded().some((each) => !each.open);
    open.textContent = closed ? "Open all differences" : "Close all differences";
    open.hidden = folded().length === 0;
  };

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      const states = row.dataset.states.split(",");
      const fits =
        (!state.value || states.includes(state.value)) &&
        words.every((word) => texts[index].includes(word));
      row.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${rows.length} shown`;
    name();
  };

  const toggle = () => {
    const opening = folded().some((each) => !each.open);
    for (const each of folded()) each.open = opening;
    name();
  };

  search.addEventListener("input", show);
  state.addEventListener("change", show);
  open.addEventListener("click", toggle);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.hidden = false;
  show();
}
