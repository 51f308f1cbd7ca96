"use strict";
// The ranked table of a published series and its map. Text from the data is only ever put in through textContent.
(function () {
  var R = window.Report, V = window.SERIES_VALUES, G = window.SERIES_GEOMETRY;
  if (!V || !G) { return; }
  var state = R.readState();
  var map = null;
  var frame = document.getElementById("map");
  var mayWrite = location.hash.indexOf("=") >= 0 || location.hash === "";
  var sorting = { column: Number(state.sort) || 2, descending: state.order === "down" };
  var STEPS = ["lost more than 80%", "lost 60 to 80%", "lost 40 to 60%", "lost 20 to 40%", "lost less than 20%, or gained"];
  var GREY = "#d9d9d9";
  var N = V.national;
  var selects = {};

  [["measure", V.measures, V.measures[0].key],
   ["data", [{ key: "all", label: "All" }, { key: "sound", label: "Only without a known fault" }], "all"],
   ["group", N.groups.map(function (g) { return { key: g.key, label: g.label.charAt(0).toUpperCase() + g.label.slice(1) }; }), N.groups[0].key],
   ["classes", [{ key: "fifth", label: "National fifths" }, { key: "step", label: "Steps of 20 percentage points" }], "fifth"]].forEach(function (item) {
    var select = document.getElementById(item[0]);
    state[item[0]] = R.fillSelect(select, item[1], state[item[0]], item[2]);
    select.addEventListener("change", function () { state[item[0]] = select.value; show(); });
    selects[item[0]] = select;
  });

  function getFigures() { return V.figures[state.measure]; }

  function isShown(index) { return state.data === "all" || getFigures().coverage[index] === "comparable"; }

  function findMiddle(figures, name, index) {
    var low = figures[name + "_low"][index];
    return low === null ? null : (low + figures[name + "_high"][index]) / 2;
  }

  function showTable() {
    var figures = getFigures();
    var columns = [{ label: V.noun.charAt(0).toUpperCase() + V.noun.slice(1) }, { label: "Authority" },
      { label: "Rank by runs lost", number: true }, { label: "Change in runs a day", number: true },
      { label: "Change in %", number: true }, { label: "Rank by share lost", number: true },
      { label: "Among the ten that lost most, of " + V.nChoices + " choices", number: true, downFirst: true }, { label: "Data" }];
    if (!columns[sorting.column]) { sorting = { column: 2, descending: false }; }
    var rows = [];
    V.code.forEach(function (code, index) {
      if (!isShown(index)) { return; }
      var look = figures.coverage[index] === "comparable" ? "" : figures.coverage[index];
      rows.push({ mark: state.place === code ? "chosen" : "", cells: [
        { text: V.name[index], sort: V.name[index], href: "neighbourhoods/" + code + ".html" },
        { text: V.authority[index], sort: V.authority[index] },
        { text: figures.loss_rank[index], sort: findMiddle(figures, "loss_rank", index) },
        { text: figures.change_runs_per_day[index], sort: findMiddle(figures, "change_runs_per_day", index), look: look },
        { text: figures.change_pct[index], sort: findMiddle(figures, "change_pct", index), look: look },
        { text: figures.loss_share_rank[index], sort: findMiddle(figures, "loss_share_rank", index) },
        { text: figures.ten[index], sort: parseInt(figures.ten[index], 10) || 0 },
        { text: figures.data[index], sort: figures.data[index], look: "words " + look }] });
    });
    R.showTable(document.getElementById("wards"), columns, rows, sorting, function (next) { sorting = next; show(); });
    document.getElementById("wards-caption").textContent = selects.measure.selectedOptions[0].textContent + ": " + rows.length +
      " left behind " + V.nounPlural + ", ranges over " + V.nChoices + " choices of baseline and end";
    document.documentElement.dataset.wardRows = String(rows.length);
  }

  // Ranked places come first, then all others, in the order of their points.
  function getPart(index) {
    var part = N.measures[state.measure], isRanked = index < V.code.length;
    return { texts: isRanked ? part.ranked : part.others, at: isRanked ? index : index - V.code.length, isRanked: isRanked };
  }

  function findClass(index) {
    var part = getPart(index), digit = part.texts[state.classes].charAt(part.at);
    return digit === "-" ? -1 : Number(digit);
  }

  function isSound(index) { var part = getPart(index); return part.texts.sound.charAt(part.at) === "1"; }

  function isOnMap(index) {
    var part = getPart(index);
    if (state.data !== "all" && !isSound(index)) { return false; }
    if (state.group === "all") { return true; }
    var key = part.isRanked ? "left_behind" : (N.groups[Number(N.group.charAt(part.at))] || {}).key;
    return key === state.group;
  }

  // Darkest is worst.
  function findColour(number) { return number < 0 ? GREY : V.palette.classes[V.palette.classes.length - 1 - number]; }

  function getLabels() { return state.classes === "fifth" ? N.measures[state.measure].labels : STEPS; }

  function getGroupLabel() { return N.groups.filter(function (g) { return g.key === state.group; })[0].label; }

  function showLegend() {
    var legend = document.getElementById("legend");
    legend.textContent = "";
    var labels = getLabels(), counts = N.measures[state.measure].counts[state.group][state.data][state.classes];
    var list = R.make("ul");
    labels.concat("no figure").forEach(function (label, number) {
      var item = R.make("li"), isNone = number === labels.length;
      var swatch = R.make("span", null, "swatch");
      swatch.style.backgroundColor = isNone ? GREY : findColour(number);
      item.appendChild(swatch);
      item.appendChild(R.make("span", label.charAt(0).toUpperCase() + label.slice(1) + " (" + counts[isNone ? counts.length - 1 : number].toLocaleString("en-GB") + ")"));
      list.appendChild(item);
    });
    legend.appendChild(list);
    legend.appendChild(R.make("p", "Middle of the range of change in %. " + (state.classes === "fifth" ? "Fifths are of all " + V.nounPlural +
      " whose data has no known fault. " : "") + "Doubtful data: pale dots with a thin ring, dashed outlines when zoomed in. In brackets: how many of " +
      getGroupLabel() + ".", "note"));
    document.getElementById("map-title").textContent = selects.measure.selectedOptions[0].textContent +
      ": change of bus runs a day in " + getGroupLabel() + (state.data === "all" ? "" : ", only without a known fault");
    document.documentElement.dataset.mapCounts = counts.join(",");
  }

  function describe(index) {
    return { i: index, colour: findColour(findClass(index)), shown: isOnMap(index),
      sound: isSound(index), chosen: V.code[index] === state.place };
  }

  function describeOther(index) { return describe(index + V.code.length); }

  function buildPolygons() {
    return { type: "FeatureCollection", features: G.polygons.features.map(function (feature) {
      return { type: "Feature", geometry: feature.geometry, properties: describe(feature.properties.i) };
    }) };
  }

  function buildPoints(list, properties) {
    var features = [];
    list.forEach(function (point, index) {
      if (point && point[0] !== null) {
        features.push({ type: "Feature", geometry: { type: "Point", coordinates: point }, properties: properties(index) });
      }
    });
    return { type: "FeatureCollection", features: features };
  }

  function addLayers() {
    map.addSource("backdrop", { type: "geojson", data: buildPoints(G.backdrop, describeOther) });
    map.addSource("areas", { type: "geojson", data: buildPolygons() });
    map.addSource("centres", { type: "geojson", data: buildPoints(G.centres, describe) });
    var shown = ["==", ["get", "shown"], true];
    map.addLayer({ id: "backdrop", type: "circle", source: "backdrop",
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 1, 10, 3], "circle-color": "#b5b2aa" } });
    map.addLayer({ id: "others", type: "circle", source: "backdrop", filter: shown,
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 2, 10, 7], "circle-color": ["get", "colour"],
        "circle-stroke-color": V.palette.outline, "circle-stroke-width": ["case", ["get", "sound"], 0.4, 0],
        "circle-opacity": ["case", ["get", "sound"], 1, 0.6] } });
    map.addLayer({ id: "areas", type: "fill", source: "areas", filter: shown,
      paint: { "fill-color": ["get", "colour"], "fill-opacity": 0.9 } });
    map.addLayer({ id: "sound", type: "line", source: "areas", filter: ["all", shown, ["==", ["get", "sound"], true]],
      paint: { "line-color": V.palette.outline, "line-width": 1 } });
    map.addLayer({ id: "doubtful", type: "line", source: "areas", filter: ["all", shown, ["==", ["get", "sound"], false]],
      paint: { "line-color": V.palette.outline, "line-width": 1.2, "line-dasharray": [2, 2] } });
    map.addLayer({ id: "centres", type: "circle", source: "centres", filter: shown, maxzoom: 9,
      paint: { "circle-radius": 6, "circle-color": ["get", "colour"], "circle-stroke-color": V.palette.outline,
        "circle-stroke-width": ["case", ["get", "sound"], 1.6, 0.5], "circle-opacity": ["case", ["get", "sound"], 1, 0.75] } });
    map.addLayer({ id: "chosen", type: "circle", source: "centres", filter: ["==", ["get", "chosen"], true],
      paint: { "circle-radius": 13, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": V.palette.accent, "circle-stroke-width": 3 } });
    map.on("click", showPopup);
  }

  function showPopup(event) {
    var found = map.queryRenderedFeatures(event.point, { layers: ["centres", "areas", "others"] })[0];
    if (!found) { return; }
    var index = found.properties.i, figures = getFigures();
    var box = R.make("div");
    if (index >= V.code.length) {
      var number = findClass(index);
      box.appendChild(R.make("div", N.name[index - V.code.length]));
      box.appendChild(R.make("div", number < 0 ? "no figure" : getLabels()[number]));
      if (!isSound(index)) { box.appendChild(R.make("div", "doubtful data")); }
      new window.maplibregl.Popup({ closeButton: true }).setLngLat(event.lngLat).setDOMContent(box).addTo(map);
      return;
    }
    var link = R.make("a", V.name[index] + ", " + V.authority[index]);
    link.href = "neighbourhoods/" + V.code[index] + ".html";
    box.appendChild(link);
    box.appendChild(R.make("div", figures.change_pct[index] + " (" +
      figures.change_runs_per_day[index] + " runs a day)"));
    box.appendChild(R.make("div", figures.data[index]));
    new window.maplibregl.Popup({ closeButton: true }).setLngLat(event.lngLat).setDOMContent(box).addTo(map);
  }

  function drawPlain() {
    frame.textContent = "";
    var svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    var points = G.backdrop.concat(G.centres.filter(Boolean));
    var west = Infinity, east = -Infinity, south = Infinity, north = -Infinity;
    points.forEach(function (p) {
      west = Math.min(west, p[0]); east = Math.max(east, p[0]); south = Math.min(south, p[1]); north = Math.max(north, p[1]);
    });
    var squeeze = Math.cos((south + north) / 2 * Math.PI / 180), scale = 700 / (north - south);
    svg.setAttribute("viewBox", "-8 -8 " + ((east - west) * squeeze * scale + 16) + " 716");
    svg.setAttribute("class", "plainmap");
    svg.setAttribute("aria-hidden", "true");
    function add(point, radius, fill, stroke) {
      var dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      dot.setAttribute("cx", ((point[0] - west) * squeeze * scale).toFixed(1));
      dot.setAttribute("cy", ((north - point[1]) * scale).toFixed(1));
      dot.setAttribute("r", radius);
      dot.setAttribute("fill", fill);
      if (stroke) { dot.setAttribute("stroke", stroke); dot.setAttribute("stroke-width", "1"); }
      svg.appendChild(dot);
    }
    G.backdrop.forEach(function (point, index) {
      var at = index + V.code.length, isChosen = isOnMap(at);
      add(point, isChosen ? 2 : 1, isChosen ? findColour(findClass(at)) : "#c4c1b9", null);
    });
    G.centres.forEach(function (point, index) {
      if (point && isOnMap(index)) { add(point, V.code[index] === state.place ? 9 : 5, findColour(findClass(index)), V.palette.outline); }
    });
    frame.appendChild(svg);
    document.documentElement.dataset.mapKind = "plain";
  }

  function showMap() {
    if (!map) { drawPlain(); return; }
    if (!map.getSource("areas")) { return; }
    map.getSource("areas").setData(buildPolygons());
    map.getSource("centres").setData(buildPoints(G.centres, describe));
    map.getSource("backdrop").setData(buildPoints(G.backdrop, describeOther));
  }

  function show() {
    showTable();
    showLegend();
    showMap();
    if (mayWrite) {
      R.writeState({ measure: state.measure, data: state.data, group: state.group, classes: state.classes, sort: String(sorting.column),
        order: sorting.descending ? "down" : "up", place: state.place });
    }
  }

  function startMap() {
    var probe = document.createElement("canvas").getContext("webgl2");
    if (!probe || !window.maplibregl) { return; }
    var box = [Infinity, Infinity, -Infinity, -Infinity];
    G.backdrop.concat(G.centres.filter(Boolean)).forEach(function (p) {
      box = [Math.min(box[0], p[0]), Math.min(box[1], p[1]), Math.max(box[2], p[0]), Math.max(box[3], p[1])];
    });
    map = new window.maplibregl.Map({
      container: frame,
      style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#f7f7f5" } }] },
      bounds: [[box[0], box[1]], [box[2], box[3]]],
      fitBoundsOptions: { padding: 20 },
      attributionControl: false,
      cooperativeGestures: true,
      fadeDuration: 0,
      canvasContextAttributes: { preserveDrawingBuffer: true }
    });
    map.addControl(new window.maplibregl.NavigationControl({ showCompass: false }));
    map.addControl(new window.maplibregl.ScaleControl({ unit: "metric" }));
    map.on("error", function (event) { window.reportError_("map: " + (event.error && event.error.message)); });
    map.on("load", function () {
      addLayers();
      var at = V.code.indexOf(state.place);
      if (at >= 0 && G.centres[at]) { map.jumpTo({ center: G.centres[at], zoom: 10 }); }
      show();
    });
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
