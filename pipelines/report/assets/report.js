"use strict";
// Tables that sort, filter and copy; charts that follow the page's selectors. Text only ever goes in as text.
(() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function choice(by) {
    return by.map((id) => one(`[data-selector="${id}"]`).value).join("|");
  }

  // ---- theme ----

  let onPaper = false;
  const isDark = () => {
    if (onPaper) return false;
    const told = document.documentElement.dataset.theme;
    return told ? told === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };

  function showTheme() {
    one("#theme").textContent = isDark() ? "Light" : "Dark";
    one("#theme").setAttribute("aria-label", isDark() ? "Use the light theme" : "Use the dark theme");
  }

  one("#theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("reaction-theme", theme);
    } catch (error) {
      // Without storage the choice lasts as long as the page.
    }
    showTheme();
    charts.forEach((chart) => chart.draw());
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    showTheme();
    charts.forEach((chart) => chart.draw());
  });

  // ---- tables ----

  const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

  function csvCell(value) {
    if (value === null) return "";
    let text = String(value);
    if (typeof value === "string" && FORMULA.test(text) && Number.isNaN(Number(text))) text = `'${text}`;
    return /[",\n\r]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
  }

  class Grid {
    constructor(root) {
      this.root = root;
      this.id = root.dataset.grid;
      this.given = data.grids[this.id];
      this.page = 0;
      this.size = this.given.size;
      this.sorted = null;
      this.needle = [];
      one("[data-filter]", root)?.addEventListener("input", (event) => {
        this.needle = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
        this.page = 0;
        this.update();
      });
      all("thead button", root).forEach((button, place) => button.addEventListener("click", () => this.sort(place)));
      one("[data-previous]", root).addEventListener("click", () => this.turn(-1));
      one("[data-next]", root).addEventListener("click", () => this.turn(1));
      one("[data-size]", root).addEventListener("change", (event) => {
        this.size = Number(event.target.value);
        this.page = 0;
        this.update();
      });
      one("[data-copy]", root).addEventListener("click", (event) => this.copy(event.target));
      one("[data-download]", root).addEventListener("click", () => {
        save(URL.createObjectURL(new Blob([this.csv()], { type: "text/csv" })), `${this.id}.csv`);
      });
      this.update();
    }

    get all() {
      // A cell without a text of its own shows its value.
      const rows = this.given.sets[choice(this.given.by)] ?? [];
      return rows.map((row) => row.map(([value, shown, more]) => [value, shown || String(value), more]));
    }

    get rows() {
      const asked = this.all.filter((row) => {
        const text = row.map((cell) => cell[1]).join(" ").toLowerCase();
        return this.needle.every((word) => text.includes(word));
      });
      if (!this.sorted) return asked;
      const { place, sign } = this.sorted;
      return asked
        .map((row, index) => [row, index])
        .sort(([a, i], [b, j]) => compare(a[place][0], b[place][0], sign) || i - j)
        .map(([row]) => row);
    }

    sort(place) {
      const numeric = this.given.columns[place].numeric;
      const first = numeric ? -1 : 1;
      const same = this.sorted && this.sorted.place === place;
      this.sorted = same ? { place, sign: -this.sorted.sign } : { place, sign: first };
      this.page = 0;
      all("thead th", this.root).forEach((head, index) => {
        const said = index !== place ? "none" : this.sorted.sign > 0 ? "ascending" : "descending";
        head.setAttribute("aria-sort", said);
      });
      this.update();
    }

    turn(pages) {
      this.page += pages;
      this.update();
    }

    update() {
      const rows = this.rows;
      const last = Math.max(0, Math.ceil(rows.length / this.size) - 1);
      this.page = Math.min(Math.max(this.page, 0), last);
      const from = this.page * this.size;
      const shown = rows.slice(from, from + this.size);
      one("tbody", this.root).replaceChildren(...shown.map((row) => this.row(row)));
      if (!shown.length) {
        const cell = element("td", { colspan: String(this.given.columns.length) }, this.needle.length ? "no row matches" : this.given.empty);
        one("tbody", this.root).append(element("tr", {}, cell));
      }
      const remarks = one("[data-remarks]", this.root);
      if (remarks) {
        const told = this.given.remarks[choice(this.given.by)] ?? [];
        remarks.replaceChildren(...told.map((remark) => element("li", {}, remark)));
      }
      const n = rows.length.toLocaleString("en-US");
      const of = rows.length === this.all.length ? "" : ` (of ${this.all.length.toLocaleString("en-US")})`;
      const range = rows.length ? `${from + 1}–${from + shown.length} of ` : "";
      one("[data-count]", this.root).textContent = `${range}${n} rows${of}`;
      one("[data-previous]", this.root).disabled = this.page === 0;
      one("[data-next]", this.root).disabled = this.page === last;
    }

    // Paper has no next page: a table that is read whole is printed so, the others say how many rows there are.
    turnToPaper(begins) {
      if (begins) this.before = [this.page, this.size];
      [this.page, this.size] = begins ? [0, Math.max(this.size, this.given.paper)] : this.before;
      this.update();
    }

    row(cells) {
      const made = element("tr");
      const mark = this.given.columns.findIndex((column) => column.name === "is_recommended");
      if (mark >= 0 && cells[mark][0]) made.className = "read";
      cells.forEach(([value, shown, more], place) => {
        const column = this.given.columns[place];
        const cell = element(place ? "td" : "th", place ? {} : { scope: "row" });
        cell.className = column.class;
        cell.dataset.column = column.name;
        if (column.glossary && Object.hasOwn(column.glossary, value)) cell.title = column.glossary[value];
        if (value === null && more) {
          cell.title = more;
          cell.append(shown, element("span", { class: "sr" }, ` ${more}`));
        } else if (more) cell.append(element("a", { href: more }, shown));
        else cell.append(element("bdi", {}, shown));
        made.append(cell);
      });
      return made;
    }

    csv() {
      const head = this.given.columns.map((column) => csvCell(column.name)).join(",");
      return [head, ...this.rows.map((row) => row.map((cell) => csvCell(cell[0])).join(","))].join("\n") + "\n";
    }

    async copy(button) {
      const text = this.csv();
      try {
        await navigator.clipboard.writeText(text);
      } catch (error) {
        // A page opened from a file may not have the clipboard's interface: select and copy instead.
        const area = element("textarea", { class: "sr" }, text);
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      const before = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = before; }, 1200);
    }
  }

  function compare(a, b, sign) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "string") return sign * a.localeCompare(b, "en", { numeric: true });
    return sign * (a - b);
  }

  // ---- charts ----

  const tip = element("div", { id: "tip", hidden: "", role: "presentation" });
  document.body.append(tip);

  function showTip(handler, event, item, given) {
    // A cell around the nearest point stands for that point, whose own tip has its row.
    const value = item?.isVoronoi ? item.datum.tooltip : given;
    if (value === null || value === undefined || value === "") {
      tip.hidden = true;
      return;
    }
    const list = element("dl");
    for (const [name, said] of Object.entries(value)) {
      if (said === null || said === "null" || said === "") continue;
      list.append(element("dt", {}, name), element("dd", {}, String(said).replace(/^-(?=\d)/, "\u2212")));
    }
    tip.replaceChildren(list);
    tip.hidden = false;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const top = event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  }

  // A finger covers more than a point: the mark nearest to it within this many pixels is meant.
  const REACH = 28;

  function showTipAt(plot, event) {
    const told = (mark) => {
      const item = mark?.__data__;
      return item && !Array.isArray(item) && item.tooltip ? item : null;
    };
    const distance = (mark) => {
      const box = mark.getBoundingClientRect();
      const away = (low, at, high) => Math.max(low - at, 0, at - high);
      return Math.hypot(away(box.left, event.clientX, box.right), away(box.top, event.clientY, box.bottom));
    };
    const near = all(".mark-symbol path, .mark-rect path, .mark-rule line", plot)
      .filter(told)
      .map((mark) => [distance(mark), mark])
      .filter(([far]) => far <= REACH)
      .sort(([a], [b]) => a - b);
    const item = told(event.target) ?? told(near[0]?.[1]);
    showTip(null, event, item, item?.tooltip);
  }

  function config() {
    const css = getComputedStyle(document.documentElement);
    const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => css.getPropertyValue(name).trim());
    const font = "system-ui, 'Segoe UI', Roboto, Arial, sans-serif";
    return {
      background: null,
      axis: {
        labelColor: ink, titleColor: soft, gridColor: line, domainColor: line, tickColor: line,
        labelFont: font, titleFont: font, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal",
      },
      legend: { labelColor: ink, titleColor: soft, labelFont: font, labelFontSize: 11, labelLimit: 260 },
      title: { color: ink, subtitleColor: soft, font, subtitleFont: font },
      range: {},
    };
  }

  function coloured(spec) {
    return isDark() ? JSON.parse(JSON.stringify(spec), (key, value) => data.dark[value] ?? value) : spec;
  }

  function folded(text, longest) {
    const lines = [""];
    for (const word of text.split(" ")) {
      if (lines.at(-1) && lines.at(-1).length + word.length >= longest) lines.push("");
      lines.push(`${lines.pop()} ${word}`.trim());
    }
    return lines;
  }

  function save(address, name) {
    const link = element("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
  }

  class Chart {
    constructor(root) {
      this.root = root;
      this.id = root.dataset.chart;
      this.given = data.charts[this.id];
      this.plot = one(".plot", root);
      this.view = null;
      this.choose = one("[data-choose]", root);
      this.choose?.addEventListener("change", () => this.signal());
      all("[data-export]", root).forEach((button) => {
        button.addEventListener("click", () => this.export(button.dataset.export));
      });
      // A tap ends before a chart would show its tip, and the tip of a finger has no way to leave.
      this.plot.addEventListener("pointerdown", (event) => { this.finger = event.pointerType === "touch"; });
      this.plot.addEventListener("click", (event) => { if (this.finger) showTipAt(this.plot, event); });
      this.fill();
    }

    get key() {
      return choice(this.given.by);
    }

    get rows() {
      const found = this.given.sets[this.key];
      if (!found) return [];
      return found.rows.map((row) => Object.fromEntries(found.columns.map((name, place) => [name, row[place]])));
    }

    fill() {
      if (!this.choose) return;
      const names = this.given.choices[this.key] ?? [];
      const before = this.choose.value;
      this.choose.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      if (names.includes(before)) this.choose.value = before;
    }

    async draw() {
      if (!this.seen) return;
      this.view?.finalize();
      this.plot.replaceChildren();
      delete this.root.dataset.drawn;
      one("figcaption [data-caption]", this.root).textContent = this.given.captions[this.key] ?? "";
      if (!this.rows.length) {
        this.plot.replaceChildren("Nothing to draw for this choice.");
        this.view = null;
        return;
      }
      const runtime = vega.parse(coloured(data.specs[this.given.kind]), config(), { ast: true });
      this.view = new vega.View(runtime, {
        expr: vegaInterpreter, renderer: "svg", container: this.plot, hover: true, tooltip: showTip,
      });
      this.view.data("rows", this.rows);
      if (this.choose) this.view.signal("chosen", this.choose.value);
      const view = this.view;
      await view.runAsync();
      if (this.view === view) this.root.dataset.drawn = "true";
    }

    async signal() {
      if (this.view) await this.view.signal("chosen", this.choose.value).runAsync();
    }

    async export(kind) {
      await this.show();
      if (!this.view) return;
      const ground = getComputedStyle(document.documentElement).getPropertyValue("--ground").trim();
      // A picture leaves its page: it takes along what the page says around it.
      const told = folded(this.given.captions[this.key] ?? "", this.view.width() / 6);
      await this.view.background(ground).signal("heading", this.given.title).signal("told", told).resize().runAsync();
      save(await this.view.toImageURL(kind, kind === "png" ? 2 : 1), `${this.id}.${kind}`);
      await this.view.background(null).signal("heading", "").signal("told", []).resize().runAsync();
    }

    async show() {
      if (this.seen) return;
      this.seen = true;
      await this.draw();
    }
  }

  const charts = all("[data-chart]").map((root) => new Chart(root));
  const grids = all("[data-grid]").map((root) => new Grid(root));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watch.unobserve(entry.target);
      charts.find((chart) => chart.root === entry.target).show();
    }
  }, { rootMargin: "600px" });
  charts.forEach((chart) => watch.observe(chart.root));
  addEventListener("pointerdown", (event) => { if (!event.target.closest?.(".plot")) tip.hidden = true; });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  function turnToPaper(begins) {
    if (onPaper === begins) return;
    onPaper = begins;
    document.documentElement.toggleAttribute("data-paper", begins);
    grids.forEach((grid) => grid.turnToPaper(begins));
    charts.forEach((chart) => { if (chart.seen) chart.draw(); else if (begins) chart.show(); });
  }

  addEventListener("beforeprint", () => turnToPaper(true));
  addEventListener("afterprint", () => turnToPaper(false));
  all("[data-selector]").forEach((select) => select.addEventListener("change", () => {
    const chosen = select.selectedOptions[0]?.textContent ?? "";
    one(`[data-chosen="${select.dataset.selector}"]`).textContent = chosen;
    grids.filter((grid) => grid.given.by.length).forEach((grid) => { grid.page = 0; grid.update(); });
    charts.filter((chart) => chart.given.by.length).forEach((chart) => { chart.fill(); chart.draw(); });
  }));
  showTheme();
  document.documentElement.dataset.ready = "true";
})();
