"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  // Scenes in space: dragged, or turned by the arrow keys.
  for (const scene of document.querySelectorAll(".scene")) {
    const paths = [...scene.querySelectorAll("path")].map(path => [path, JSON.parse(path.dataset.points)]);
    const svg = scene.ownerSVGElement, box = svg.viewBox.baseVal, reach = 0.48 * Math.min(box.width, box.height);
    let yaw = +scene.dataset.yaw, pitch = +scene.dataset.pitch, from = null;
    const turn = (right, down) => {
      yaw += right;
      pitch = Math.max(-89, Math.min(89, pitch - down));
      const a = yaw * Math.PI / 180, b = pitch * Math.PI / 180;
      const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
      for (const [path, points] of paths) {
        path.setAttribute("d", "M" + points.map(([x, y, z]) => {
          const u = ca * x + sa * z, w = ca * z - sa * x, v = cb * y - sb * w;
          return (box.width / 2 + reach * u).toFixed(1) + " " + (box.height / 2 + reach * v).toFixed(1);
        }).join("L"));
      }
    };
    svg.addEventListener("pointerdown", event => { from = event; svg.setPointerCapture(event.pointerId); });
    svg.addEventListener("pointerup", () => { from = null; });
    svg.addEventListener("pointermove", event => {
      if (!from) return;
      turn((event.clientX - from.clientX) / 2, (event.clientY - from.clientY) / 2);
      from = event;
    });
    scene.addEventListener("keydown", event => {
      const move = {ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5]}[event.key];
      if (move) { turn(...move); event.preventDefault(); }
    });
  }

  // Inputs: a click on a row shows it alone in the figures; a tick excludes it from the command below.
  const rows = [...document.querySelectorAll(".choices tr[data-item]")];
  const marks = document.querySelectorAll("[data-view]");
  const select = row => {
    const chosen = row && !row.classList.contains("selected") ? row.dataset.item : null;
    for (const each of rows) each.classList.toggle("selected", each.dataset.item === chosen);
    for (const mark of marks) mark.classList.toggle("selected", mark.dataset.view === chosen);
    document.body.classList.toggle("selected-only", chosen !== null);
  };
  const quote = word => /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\"'\"'") + "'";
  const again = document.getElementById("again");
  const update = () => {
    const without = rows.filter(row => row.querySelector("input").checked).map(row => row.dataset.item);
    again.textContent = data.command + without.map(name => " --exclude " + quote(name)).join("") + " --output again";
    again.closest(".command").hidden = !data.command || without.length === 0;
  };
  for (const row of rows) {
    row.tabIndex = 0;
    row.addEventListener("click", event => { if (event.target.tagName !== "INPUT") select(row); });
    row.addEventListener("keydown", event => { if (event.key === "Enter") select(row); });
    row.querySelector("input").addEventListener("change", update);
  }
  document.getElementById("copy")?.addEventListener("click", async () => {
    const done = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(again.textContent);
      done.textContent = "copied";
    } catch {  // a page opened from a file may not have the clipboard
      getSelection().selectAllChildren(again);
      done.textContent = "selected: copy it with the keyboard";
    }
  });

  // Uncertainty at a distance.
  const distance = document.getElementById("distance");
  if (distance) {
    const show = () => {
      const metres = data.distance_m * 10 ** +distance.value;
      const mm = px => (1000 * px * metres / data.focal_px).toPrecision(2);
      document.getElementById("at-distance").textContent =
        `${metres.toPrecision(2)} m: ${mm(data.inside_px)} mm where boards were seen`
        + (data.outside_px === null ? "" : `, ${mm(data.outside_px)} mm in the rest of the image`);
    };
    distance.addEventListener("input", show);
    show();
  }
})();
