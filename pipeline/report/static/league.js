"use strict";
(function () {
  var R = window.Report, V = window.REPORT_VALUES;
  if (!V) { return; }
  var state = R.readState();
  var last = V.snapshots[V.snapshots.length - 1].key;
  var selects = {};
  [["snapshot", V.snapshots, last], ["window", V.windows, V.windows[0].key], ["direction", V.directions, "outward"],
   ["mode", V.modes, "all"], ["group", V.groups, "all"]].forEach(function (item) {
    var select = document.getElementById(item[0]);
    state[item[0]] = R.fillSelect(select, item[1], state[item[0]], item[2]);
    select.addEventListener("change", function () { state[item[0]] = select.value; show(); });
    selects[item[0]] = select;
  });
  var times = V.measures.filter(function (measure) { return measure.kind === "time"; });
  var jobs = V.measures.filter(function (measure) { return measure.kind === "count"; }).slice(-1);
  var runs = V.measures.filter(function (measure) { return measure.kind === "rate" && /_all_day$/.test(measure.key); });
  var score = V.measures.filter(function (measure) { return measure.kind === "score"; })[0];
  var sorting = { column: Number(state.sort) || 3, descending: state.order === "down" };

  function buildColumns() {
    var columns = [{ label: V.noun.charAt(0).toUpperCase() + V.noun.slice(1) }, { label: "Group" },
      { label: "People", number: true, downFirst: true }, { label: "Rank, 1 = worst (interval)", number: true }];
    times.forEach(function (measure) {
      columns.push({ label: measure.label.replace("Travel time t", "T"), number: true, downFirst: true });
    });
    jobs.forEach(function (measure) { columns.push({ label: measure.label, number: true }); });
    runs.forEach(function (measure) { columns.push({ label: measure.short + " runs", number: true }); });
    return columns;
  }

  function buildRank(index) {
    var series = score && R.findSeries(V, score, state);
    var rank = series ? series.rank[index] : null;
    if (rank === null || rank === undefined) { return { text: "no score", sort: null, look: "reason" }; }
    var interval = series.lo[index] === null ? "" :
      " (" + R.formatNumber(series.lo[index]) + " to " + R.formatNumber(series.hi[index]) + ")";
    return { text: R.formatNumber(rank) + interval, sort: rank };
  }

  function buildCell(measure, index) {
    var series = R.findSeries(V, measure, state);
    var value = series ? series.v[index] : null;
    var code = series && series.c ? series.c[index] : 0;
    if (value === null || value === undefined) {
      return { text: R.explain(V, series, index), sort: null, look: code > 3 ? "missing" : "reason" };
    }
    var partial = code > 3;
    return { text: R.formatValue(measure.kind, value) + (partial ? " (partial data)" : ""), sort: value, look: partial ? "partial" : "" };
  }

  function show() {
    R.showCaveat(V, state.snapshot);
    var rows = [];
    V.places.code.forEach(function (code, index) {
      var group = V.places.group[index];
      if (state.group !== "all" && group !== state.group) { return; }
      var label = V.places.groupLabel[group];
      var cells = [
        { text: V.places.name[index], sort: V.places.name[index], href: "neighbourhoods/" + V.places.page[index] + ".html" },
        { text: label.charAt(0).toUpperCase() + label.slice(1), sort: label },
        { text: R.formatNumber(V.places.population[index]), sort: V.places.population[index] },
        buildRank(index)];
      times.concat(jobs, runs).forEach(function (measure) { cells.push(buildCell(measure, index)); });
      rows.push({ cells: cells });
    });
    var columns = buildColumns();
    if (!columns[sorting.column]) { sorting = { column: 3, descending: false }; }
    function choose(next) {
      sorting = next;
      show();
    }
    R.showTable(document.getElementById("league"), columns, rows, sorting, choose);
    state.sort = String(sorting.column);
    state.order = sorting.descending ? "down" : "up";
    document.getElementById("league-caption").textContent = rows.length + " " + V.nounPlural + ", timetables of " +
      selects.snapshot.selectedOptions[0].textContent + "; travel times: " +
      ["window", "direction", "mode"].map(function (name) { return selects[name].selectedOptions[0].textContent; }).join(" \u00b7 ");
    R.writeState({ snapshot: state.snapshot, window: state.window, direction: state.direction, mode: state.mode,
      group: state.group, sort: state.sort, order: state.order });
    document.documentElement.dataset.leagueRows = String(rows.length);
  }

  show();
  R.watchState(function (next) {
    Object.keys(selects).forEach(function (name) {
      if (next[name]) { selects[name].value = next[name]; }
      state[name] = selects[name].value;
    });
    sorting = { column: Number(next.sort) || 3, descending: next.order === "down" };
    show();
  });
})();
