"use strict";
(function () {
  var R = window.Report, V = window.REPORT_VALUES, G = window.REPORT_GEOMETRY;
  if (!V || !G) { return; }
  var state = R.readState();
  var last = V.snapshots[V.snapshots.length - 1].key;
  var selects = {};
  var sorting = null;
  var map = null, plain = false;
  // an address that points at a table of this page is left alone until a selector is used
  var mayWrite = location.hash.indexOf("=") >= 0 || location.hash === "";
  var frame = document.getElementById("map");

  [["measure", V.measures, V.measures.length ? V.measures[0].key : ""], ["snapshot", V.snapshots, last],
   ["window", V.windows, V.windows[0].key], ["direction", V.directions, "outward"], ["mode", V.modes, "all"],
   ["group", V.groups, "all"]].forEach(function (item) {
    var select = document.getElementById(item[0]);
    state[item[0]] = R.fillSelect(select, item[1], state[item[0]], item[2]);
    select.addEventListener("change", function () {
      state[item[0]] = select.value;
      if (item[0] === "measure") { sorting = null; }
      show();
    });
    selects[item[0]] = select;
  });

  function getMeasure() {
    return V.measures.filter(function (measure) { return measure.key === state.measure; })[0] || V.measures[0];
  }

  function findClass(value, breaks) {
    if (value === null || value === undefined) { return -1; }
    for (var i = 0; i < breaks.length; i += 1) { if (value <= breaks[i] + 1e-9) { return i; } }
    return breaks.length - 1;
  }

  // Darkest is worst, whichever way the measure runs; fewer classes than five are spread over the palette.
  function pickColour(number, count, worse) {
    var order = worse === "high" ? number : count - 1 - number;
    var at = count === 1 ? 2 : Math.round(order * (V.palette.classes.length - 1) / (count - 1));
    return V.palette.classes[at];
  }

  function isShown(index) { return state.group === "all" || V.places.group[index] === state.group; }

  function describe() {
    var measure = getMeasure();
    var parts = [selects.snapshot.selectedOptions[0].textContent];
    measure.dims.slice(1).forEach(function (name) { parts.push(selects[name].selectedOptions[0].textContent); });
    if (state.group !== "all") { parts.push(selects.group.selectedOptions[0].textContent); }
    return measure.label + ": " + parts.join(" \u00b7 ");
  }

  function showLegend(measure, breaks, series) {
    var legend = document.getElementById("legend");
    legend.textContent = "";
    var counts = breaks.map(function () { return 0; }), none = 0;
    V.places.code.forEach(function (code, index) {
      if (!isShown(index)) { return; }
      var number = series ? findClass(series.v[index], breaks) : -1;
      if (number < 0) { none += 1; } else { counts[number] += 1; }
    });
    var list = R.make("ul");
    var lower = null;
    breaks.forEach(function (upper, number) {
      var from = lower === null ? null : lower + measure.step;
      var text = from === null ? "up to " + R.formatNumber(upper, measure.step < 1 ? 1 : 0)
        : Math.abs(from - upper) < 1e-9 ? R.formatNumber(upper, measure.step < 1 ? 1 : 0)
        : R.formatNumber(from, measure.step < 1 ? 1 : 0) + " to " + R.formatNumber(upper, measure.step < 1 ? 1 : 0);
      list.appendChild(buildKey(pickColour(number, breaks.length, measure.worse), text + " " + measure.unit, counts[number]));
      lower = upper;
    });
    var words = measure.kind === "time" ? "no journey within " + V.limitMin + " minutes, or no value" : "no value or missing data";
    list.appendChild(buildKey(null, words, none));
    legend.appendChild(list);
    legend.appendChild(R.make("p", "Fifths of all " + V.nounPlural + " over all dates together, so that colours can be " +
      "compared between dates. Darker is worse. In brackets: how many are in the class now.", "note"));
  }

  function buildKey(colour, text, count) {
    var item = R.make("li");
    var swatch = R.make("span", null, colour ? "swatch" : "swatch hatched");
    if (colour) { swatch.style.backgroundColor = colour; }
    item.appendChild(swatch);
    item.appendChild(R.make("span", text + " (" + R.formatNumber(count) + ")"));
    return item;
  }

  function showTable(measure, series) {
    var columns = [{ label: V.noun.charAt(0).toUpperCase() + V.noun.slice(1) }, { label: "Group" },
      { label: measure.kind === "time" ? "Median" : measure.kind === "score" ? "Score" : measure.unit.charAt(0).toUpperCase() + measure.unit.slice(1),
        number: true, downFirst: measure.worse === "high" }];
    if (measure.kind === "time") { columns.push({ label: "Middle half of minutes", number: true }); }
    if (measure.kind === "score") { columns.push({ label: "Rank (interval)", number: true }); }
    if (!sorting) { sorting = { column: 2, descending: measure.worse === "high" }; }
    if (!columns[sorting.column]) { sorting = { column: 2, descending: false }; }
    var rows = [];
    V.places.code.forEach(function (code, index) {
      if (!isShown(index)) { return; }
      var value = series ? series.v[index] : null;
      var has = value !== null && value !== undefined;
      var code_ = series && series.c ? series.c[index] : 0;
      var label = V.places.groupLabel[V.places.group[index]];
      var locate = R.make("button", "map", "locate");
      locate.type = "button";
      locate.setAttribute("aria-label", "Show " + V.places.name[index] + " on the map");
      locate.addEventListener("click", function () { choose(index, true); });
      var cells = [
        { text: V.places.name[index], sort: V.places.name[index], href: "neighbourhoods/" + V.places.page[index] + ".html", button: locate },
        { text: label.charAt(0).toUpperCase() + label.slice(1), sort: label },
        has ? { text: R.formatValue(measure.kind, value) + (code_ > 3 ? " (partial data)" : ""), sort: value, look: code_ > 3 ? "partial" : "" }
          : { text: R.explain(V, series, index), sort: null, look: code_ > 3 ? "missing" : "reason" }];
      if (measure.kind === "time") { cells.push(buildSpread(series, index)); }
      if (measure.kind === "score") { cells.push(buildRank(series, index)); }
      rows.push({ cells: cells, mark: state.place === code ? "chosen" : "" });
    });
    R.showTable(document.getElementById("map-table"), columns, rows, sorting, function (next) { sorting = next; show(); });
    return rows.length;
  }

  function buildSpread(series, index) {
    var low = series ? series.lo[index] : null, high = series ? series.hi[index] : null;
    if (low === null || low === undefined) { return { text: R.DASH, sort: null }; }
    if (high === null || high === undefined) { return { text: low + "\u00a0min or more", sort: 1e6 }; }
    return { text: low + " to " + high + "\u00a0min", sort: high - low };
  }

  function buildRank(series, index) {
    if (!series || series.rank[index] === null) { return { text: R.DASH, sort: null }; }
    var interval = series.lo[index] === null ? "" : " (" + R.formatNumber(series.lo[index]) + " to " + R.formatNumber(series.hi[index]) + ")";
    return { text: R.formatNumber(series.rank[index]) + interval, sort: series.rank[index] };
  }

  function paint(series, breaks, measure) {
    var looks = V.places.code.map(function (code, index) {
      var number = series ? findClass(series.v[index], breaks) : -1;
      return { colour: number < 0 ? null : pickColour(number, breaks.length, measure.worse), shown: isShown(index), chosen: state.place === code };
    });
    if (plain) { paintPlain(looks); return; }
    if (!map || !map.getSource("places")) { return; }
    G.polygons.features.forEach(function (feature) {
      var look = looks[feature.properties.i];
      feature.properties.colour = look.colour || V.palette.missing;
      feature.properties.empty = look.colour === null;
      feature.properties.shown = look.shown;
      feature.properties.chosen = look.chosen;
    });
    map.getSource("places").setData(G.polygons);
    document.documentElement.dataset.mapPainted = String(G.polygons.features.length);
  }

  function paintPlain(looks) {
    frame.textContent = "";
    frame.appendChild(R.drawPlainMap(G, function (index) {
      var look = looks[index];
      return { fill: look.colour || V.palette.missing, "fill-opacity": look.shown ? 1 : 0.15,
        stroke: look.chosen ? V.palette.accent : V.palette.outline, "stroke-width": look.chosen ? 4 : 0.7 };
    }, 600));
    document.documentElement.dataset.mapPainted = String(G.polygons.features.length);
  }

  function choose(index, move) {
    state.place = V.places.code[index];
    show();
    var centre = G.centres[index];
    if (map && move && centre[0] !== null) { map.jumpTo({ center: centre }); frame.scrollIntoView({ block: "nearest" }); }
  }

  function show() {
    var measure = getMeasure();
    if (!measure) {
      document.getElementById("map-title").textContent = "There is nothing to map: no travel time, service level or score was published.";
      return;
    }
    ["window", "direction", "mode"].forEach(function (name) { selects[name].disabled = measure.dims.indexOf(name) < 0; });
    var series = R.findSeries(V, measure, state);
    var breaks = R.findBreaks(V, measure, state);
    document.getElementById("map-title").textContent = describe();
    document.getElementById("map-table-caption").textContent = describe();
    R.showCaveat(V, state.snapshot);
    showLegend(measure, breaks, series);
    var rows = showTable(measure, series);
    paint(series, breaks, measure);
    if (mayWrite) { R.writeState({ measure: state.measure, snapshot: state.snapshot, window: state.window, direction: state.direction,
      mode: state.mode, group: state.group, place: state.place }); }
    document.documentElement.dataset.mapRows = String(rows);
  }

  function buildHatch() {
    var canvas = document.createElement("canvas");
    canvas.width = 8;
    canvas.height = 8;
    var pen = canvas.getContext("2d");
    pen.fillStyle = V.palette.missing;
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = "#6b6b6b";
    pen.lineWidth = 1.2;
    pen.beginPath();
    pen.moveTo(-2, 10); pen.lineTo(10, -2);
    pen.moveTo(-2, 2); pen.lineTo(2, -2);
    pen.moveTo(6, 10); pen.lineTo(10, 6);
    pen.stroke();
    return pen.getImageData(0, 0, 8, 8);
  }

  function collectPoints(list) {
    return { type: "FeatureCollection", features: list.map(function (item) {
      return { type: "Feature", properties: { kind: item[2] || "", name: item[3] || "" },
        geometry: { type: "Point", coordinates: [item[0], item[1]] } };
    }) };
  }

  function addLayers() {
    map.addImage("hatch", buildHatch());
    map.addSource("places", { type: "geojson", data: G.polygons });
    map.addSource("stops", { type: "geojson", data: collectPoints(G.stops[state.snapshot] || []) });
    map.addSource("destinations", { type: "geojson", data: collectPoints(G.destinations) });
    var faint = ["case", ["get", "shown"], 1, 0.12];
    map.addLayer({ id: "fill", type: "fill", source: "places", filter: ["==", ["get", "empty"], false],
      paint: { "fill-color": ["get", "colour"], "fill-opacity": faint } });
    map.addLayer({ id: "empty", type: "fill", source: "places", filter: ["==", ["get", "empty"], true],
      paint: { "fill-pattern": "hatch", "fill-opacity": faint } });
    map.addLayer({ id: "outline", type: "line", source: "places", paint: { "line-color": V.palette.outline, "line-width": 0.7, "line-opacity": 0.8 } });
    map.addLayer({ id: "stops", type: "circle", source: "stops", layout: { visibility: "none" },
      paint: { "circle-radius": 2.2, "circle-color": "#111111", "circle-stroke-color": "#ffffff", "circle-stroke-width": 0.6 } });
    map.addLayer({ id: "destinations", type: "circle", source: "destinations",
      paint: { "circle-radius": 5.5, "circle-color": "#ffffff", "circle-stroke-color": V.palette.accent, "circle-stroke-width": 2.6 } });
    map.addLayer({ id: "chosen", type: "line", source: "places", filter: ["==", ["get", "chosen"], true],
      paint: { "line-color": V.palette.accent, "line-width": 3.5 } });
  }

  function showPopup(event) {
    var spot = map.queryRenderedFeatures(event.point, { layers: ["destinations"] })[0];
    var box = R.make("div");
    if (spot) {
      box.appendChild(R.make("strong", spot.properties.name || "Destination"));
      box.appendChild(R.make("div", spot.properties.kind));
    } else {
      var found = map.queryRenderedFeatures(event.point, { layers: ["fill", "empty"] })[0];
      if (!found) { return; }
      var index = found.properties.i, measure = getMeasure(), series = R.findSeries(V, measure, state);
      choose(index, false);
      var link = R.make("a", V.places.name[index]);
      link.href = "neighbourhoods/" + V.places.page[index] + ".html";
      box.appendChild(link);
      var value = series ? series.v[index] : null;
      box.appendChild(R.make("div", value === null || value === undefined ? R.explain(V, series, index) : R.formatValue(measure.kind, value) + (measure.kind === "time" ? "" : " " + measure.unit)));
    }
    new window.maplibregl.Popup({ closeButton: true }).setLngLat(event.lngLat).setDOMContent(box).addTo(map);
  }

  function bindLayers() {
    [["show-stops", "stops"], ["show-destinations", "destinations"]].forEach(function (item) {
      var check = document.getElementById(item[0]);
      function apply() { map.setLayoutProperty(item[1], "visibility", check.checked ? "visible" : "none"); }
      check.addEventListener("change", apply);
      apply();
    });
    selects.snapshot.addEventListener("change", function () {
      map.getSource("stops").setData(collectPoints(G.stops[state.snapshot] || []));
    });
    map.on("click", showPopup);
  }

  function usePlainMap() {
    plain = true;
    document.querySelector(".layers").hidden = true;
    document.documentElement.dataset.mapKind = "plain";
  }

  function startMap() {
    var probe = document.createElement("canvas").getContext("webgl2");
    if (!probe || !window.maplibregl || !G.polygons.features.length) { usePlainMap(); return; }
    var box = R.findBounds(G);
    map = new window.maplibregl.Map({
      container: frame,
      style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#f7f7f5" } }] },
      bounds: [[box[0], box[1]], [box[2], box[3]]],
      fitBoundsOptions: { padding: 24 },
      attributionControl: false,
      cooperativeGestures: true,
      fadeDuration: 0,
      canvasContextAttributes: { preserveDrawingBuffer: true }
    });
    map.addControl(new window.maplibregl.NavigationControl({ showCompass: false }));
    map.addControl(new window.maplibregl.ScaleControl({ unit: "metric" }));
    map.on("error", function (event) { window.reportError_("map: " + (event.error && event.error.message)); });
    map.on("load", function () { addLayers(); bindLayers(); show(); });
    map.on("idle", function () { document.documentElement.dataset.mapKind = "drawn"; });
  }

  startMap();
  show();
  mayWrite = true;
  R.watchState(function (next) {
    Object.keys(selects).forEach(function (name) {
      if (next[name]) { selects[name].value = next[name]; }
      state[name] = selects[name].value;
    });
    if (next.place) { state.place = next.place; }
    show();
  });
})();
