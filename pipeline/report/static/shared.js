"use strict";
// Shared by every page: state in the address, selectors, numbers in words, sortable tables, a plain SVG map.
// Text from the data is only ever put in through textContent.
window.Report = (function () {
  var DASH = "\u2013";
  var SVG = "http://www.w3.org/2000/svg";

  function readState() {
    var state = {};
    location.hash.replace(/^#/, "").split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0) {
        try {
          state[decodeURIComponent(part.slice(0, at))] = decodeURIComponent(part.slice(at + 1));
        } catch (problem) {
          if (!(problem instanceof URIError)) { throw problem; }
        }
      }
    });
    return state;
  }

  function writeState(state) {
    var parts = Object.keys(state).sort().filter(function (key) { return state[key]; }).map(function (key) {
      return encodeURIComponent(key) + "=" + encodeURIComponent(state[key]);
    });
    history.replaceState(null, "", "#" + parts.join("&"));
  }

  // Calls back when another state is put into the address by hand or by going back.
  function watchState(use) {
    window.addEventListener("hashchange", function () {
      if (location.hash.indexOf("=") >= 0) { use(readState()); }
    });
  }

  // What must be known about the chosen date stands above map and table.
  function showCaveat(values, key) {
    var box = document.getElementById("snapshot-caveat");
    var chosen = values.snapshots.filter(function (item) { return item.key === key; })[0];
    box.hidden = !chosen || !chosen.caveat;
    box.textContent = box.hidden ? "" : "Caveat: " + chosen.caveat;
  }

  function make(name, text, className) {
    var element = document.createElement(name);
    if (text !== undefined && text !== null) { element.textContent = text; }
    if (className) { element.className = className; }
    return element;
  }

  function fillSelect(select, options, wanted, fallback) {
    options.forEach(function (option) {
      var element = make("option", option.label);
      element.value = option.key;
      select.appendChild(element);
    });
    var keys = options.map(function (option) { return option.key; });
    select.value = keys.indexOf(wanted) >= 0 ? wanted : fallback;
    return select.value;
  }

  function formatNumber(value, decimals) {
    var text = Math.abs(value).toFixed(decimals || 0).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    return (value < 0 ? "\u2212" : "") + text;
  }

  function formatValue(kind, value) {
    if (value === null || value === undefined) { return DASH; }
    if (kind === "time") { return formatNumber(value) + "\u00a0min"; }
    if (kind === "rate") { return formatNumber(value, value > 0 && value < 9.95 ? 1 : 0); }
    if (kind === "score") { return formatNumber(value, 1); }
    return formatNumber(value);
  }

  function findSeries(values, measure, state) {
    var key = [measure.key].concat(measure.dims.map(function (name) { return state[name]; })).join("|");
    return values.series[key] || null;
  }

  function findBreaks(values, measure, state) {
    var dims = measure.dims.filter(function (name) { return name !== "snapshot"; });
    return values.breaks[[measure.key].concat(dims.map(function (name) { return state[name]; })).join("|")] || [];
  }

  function explain(values, series, index) {
    if (!series) { return "not calculated"; }
    var code = series.c ? series.c[index] : 0;
    return code ? values.reasons[code] : "not calculated";
  }

  // columns: [{label, number, first}], rows: [{cells: [{text, sort, look, href, button}], mark}]
  // Phrases that stand behind a cell, shown when a reader asks for them.
  function fold(phrases) {
    var details = make("details"), list = make("ul");
    details.appendChild(make("summary", "All that is known"));
    phrases.forEach(function (phrase) { list.appendChild(make("li", phrase)); });
    details.appendChild(list);
    return details;
  }

  function showTable(table, columns, rows, sorting, onSort) {
    var head = table.tHead.rows[0];
    var focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.column : null;
    head.textContent = "";
    columns.forEach(function (column, number) {
      var cell = make("th", null, column.number ? "number" : "");
      cell.scope = "col";
      var button = make("button", column.label);
      button.type = "button";
      button.dataset.column = String(number);
      var here = sorting.column === number;
      if (here) { cell.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending"); }
      button.appendChild(make("span", here ? (sorting.descending ? " \u25bc" : " \u25b2") : " \u2195", "arrow"));
      button.lastChild.setAttribute("aria-hidden", "true");
      button.addEventListener("click", function () {
        onSort({ column: number, descending: here ? !sorting.descending : Boolean(column.downFirst) });
      });
      cell.appendChild(button);
      head.appendChild(cell);
      if (focused === String(number)) { button.dataset.refocus = "yes"; }
    });
    sortRows(rows, sorting);
    var body = document.createDocumentFragment();
    rows.forEach(function (row) {
      var line = document.createElement("tr");
      if (row.mark) { line.className = row.mark; }
      row.cells.forEach(function (cell, number) {
        var element = make(number === 0 ? "th" : "td", null,
          (columns[number].number ? "number " : "") + (cell.look || ""));
        if (number === 0) { element.scope = "row"; }
        if (cell.href) {
          var link = make("a", cell.text);
          link.href = cell.href;
          element.appendChild(link);
        } else {
          element.textContent = cell.text;
        }
        if (cell.more && cell.more.length) { element.appendChild(fold(cell.more)); }
        if (cell.button) { element.appendChild(cell.button); }
        line.appendChild(element);
      });
      body.appendChild(line);
    });
    table.tBodies[0].textContent = "";
    table.tBodies[0].appendChild(body);
    var again = head.querySelector("[data-refocus]");
    if (again) { again.removeAttribute("data-refocus"); again.focus(); }
  }

  function compareText(a, b) { return a < b ? -1 : a > b ? 1 : 0; }

  function sortRows(rows, sorting) {
    var at = sorting.column;
    rows.sort(function (one, other) {
      var a = one.cells[at].sort, b = other.cells[at].sort;
      var noA = a === null || a === undefined, noB = b === null || b === undefined;
      if (noA !== noB) { return noA ? 1 : -1; }
      var order = noA ? 0 : typeof a === "string" ? compareText(a, b) : a - b;
      if (order === 0) { return compareText(one.cells[0].sort, other.cells[0].sort); }
      return sorting.descending ? -order : order;
    });
  }

  function eachRing(geometry, visit) {
    var polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
    polygons.forEach(function (polygon) { polygon.forEach(visit); });
  }

  function findBounds(geometry) {
    var box = [Infinity, Infinity, -Infinity, -Infinity];
    geometry.polygons.features.forEach(function (feature) {
      eachRing(feature.geometry, function (ring) {
        ring.forEach(function (point) {
          box = [Math.min(box[0], point[0]), Math.min(box[1], point[1]), Math.max(box[2], point[0]), Math.max(box[3], point[1])];
        });
      });
    });
    return box;
  }

  // A map without WebGL: used on profiles, in print and where WebGL is absent.
  function drawPlainMap(geometry, paint, width) {
    var box = findBounds(geometry);
    var squeeze = Math.cos((box[1] + box[3]) / 2 * Math.PI / 180);
    var scale = width / Math.max((box[2] - box[0]) * squeeze, (box[3] - box[1]) * 1e-9, 1e-9);
    var height = Math.max((box[3] - box[1]) * scale, 1);
    var svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "-4 -4 " + (width + 8) + " " + (height + 8));
    svg.setAttribute("class", "plainmap");
    svg.setAttribute("aria-hidden", "true");
    geometry.polygons.features.forEach(function (feature) {
      var path = "";
      eachRing(feature.geometry, function (ring) {
        path += "M" + ring.map(function (point) {
          return ((point[0] - box[0]) * squeeze * scale).toFixed(1) + " " + ((box[3] - point[1]) * scale).toFixed(1);
        }).join("L") + "Z";
      });
      var element = document.createElementNS(SVG, "path");
      element.setAttribute("d", path);
      element.setAttribute("fill-rule", "evenodd");
      var look = paint(feature.properties.i);
      Object.keys(look).forEach(function (name) { element.setAttribute(name, look[name]); });
      svg.appendChild(element);
    });
    return svg;
  }

  return {
    DASH: DASH, readState: readState, watchState: watchState, showCaveat: showCaveat, writeState: writeState, make: make, fillSelect: fillSelect,
    formatNumber: formatNumber, formatValue: formatValue, findSeries: findSeries, findBreaks: findBreaks,
    explain: explain, showTable: showTable, findBounds: findBounds, drawPlainMap: drawPlainMap
  };
})();
