"use strict";
(() => {
  const detail = document.getElementById("detail");
  const itemOf = (event) => event.target instanceof Element && event.target.closest("g[tabindex]");
  const show = (event) => {
    const item = itemOf(event);
    if (item) {
      detail.textContent = item.querySelector("title").textContent;
      detail.hidden = false;
    }
  };
  const left = (item) => item.getBoundingClientRect().left;
  const inLane = (lane) => [...lane.querySelectorAll("g[tabindex]")].sort((a, b) => left(a) - left(b));
  const go = (from, to) => {
    if (to) {
      if (from.closest(".lane") === to.closest(".lane")) {
        from.setAttribute("tabindex", "-1");
        to.setAttribute("tabindex", "0");
      }
      to.focus();
    }
  };
  const neighbour = (item, step) => {
    const lanes = [...item.closest(".chart").querySelectorAll(".lane")].filter((lane) => inLane(lane).length);
    const lane = lanes[lanes.indexOf(item.closest(".lane")) + step];
    return lane && lane.querySelector('g[tabindex="0"]');
  };
  const moves = {
    ArrowRight: (item, all) => all[all.indexOf(item) + 1],
    ArrowLeft: (item, all) => all[all.indexOf(item) - 1],
    Home: (item, all) => all[0],
    End: (item, all) => all[all.length - 1],
    ArrowDown: (item) => neighbour(item, 1),
    ArrowUp: (item) => neighbour(item, -1),
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      detail.hidden = true;
      return;
    }
    const item = itemOf(event);
    const move = Object.hasOwn(moves, event.key) && moves[event.key];
    if (item && move) {
      event.preventDefault();
      go(item, move(item, inLane(item.closest(".lane"))));
    }
  });
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details")) one.open = true;
  });
})();
