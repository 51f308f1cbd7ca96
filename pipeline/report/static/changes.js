"use strict";
// The league table of change by pair of dates, measure and group. Text from the data only goes in through textContent.
(function () {
  var R = window.Report, V = window.REPORT_VALUES, P = window.REPORT_CHANGES;
  if (!V || !P) { return; }
  var state = R.readState();
  var selects = {};
  [["pair", P.pairs, P.pairs[0].key], ["measure", P.measures, P.measures[0].key], ["group", V.groups, "all"]].forEach(function (item) {
    var select = document.getElementById(item[0]);
    state[item[0]] = R.fillSelect(select, item[1], state[item[0]], item[2]);
    select.addEventListener("change", function () { state[item[0]] = select.value; show(); });
    selects[item[0]] = select;
  });
  var sorting = { column: Number(state.sort) || 2, descending: state.order === "down" };
  var unsorted = { column: 0, descending: false };

  function formatSigned(value) {
    if (value === null) { return R.DASH; }
    return (value > 0 ? "+" : "") + R.formatNumber(value, 1);
  }

  function nameCells(place) {
    var label = V.places.groupLabel[V.places.group[place]];
    return [
      { text: V.places.name[place], sort: V.places.name[place], href: "neighbourhoods/" + V.places.page[place] + ".html" },
      { text: label.charAt(0).toUpperCase() + label.slice(1), sort: label }];
  }

  function show() {
    var figures = P.figures[state.pair + "|" + state.measure];
    var ranked = [], rest = [];
    figures.i.forEach(function (place, at) {
      if (state.group !== "all" && V.places.group[place] !== state.group) { return; }
      var cells = nameCells(place), rank = figures.rank[at];
      if (rank === null) {
        var reason = P.reasons[figures.why[at]];
        cells.push({ text: reason.text || R.DASH, sort: reason.text, more: reason.more, look: "words " + P.classes[figures.c[at]] });
        rest.push({ cells: cells });
        return;
      }
      var interval = figures.lo[at] === null ? "" :
        " (" + R.formatNumber(figures.lo[at]) + " to " + R.formatNumber(figures.hi[at]) + ")";
      cells.push({ text: R.formatNumber(rank) + interval, sort: rank },
        { text: formatSigned(figures.change[at]), sort: figures.change[at] },
        { text: figures.from[at] === null ? R.DASH : R.formatNumber(figures.from[at], 1), sort: figures.from[at] },
        { text: figures.to[at] === null ? R.DASH : R.formatNumber(figures.to[at], 1), sort: figures.to[at] },
        { text: P.causes[figures.cause[at]] || R.DASH, sort: P.causes[figures.cause[at]] });
      ranked.push({ cells: cells });
    });
    var noun = V.noun.charAt(0).toUpperCase() + V.noun.slice(1);
    var columns = [{ label: noun }, { label: "Group" }, { label: "Rank, 1 = lost most (interval)", number: true },
      { label: "Change, points", number: true }, { label: "Before", number: true }, { label: "After", number: true },
      { label: "Indicator that moved most, points" }];
    if (!columns[sorting.column]) { sorting = { column: 2, descending: false }; }
    R.showTable(document.getElementById("changes"), columns, ranked, sorting, function (next) { sorting = next; show(); });
    R.showTable(document.getElementById("unranked"), [{ label: noun }, { label: "Group" }, { label: "Why not" }], rest, unsorted,
      function (next) { unsorted = next; show(); });
    var what = selects.pair.selectedOptions[0].textContent + " \u00b7 " + selects.measure.selectedOptions[0].textContent +
      " \u00b7 " + selects.group.selectedOptions[0].textContent;
    document.getElementById("changes-caption").textContent = ranked.length + " ranked: " + what;
    document.getElementById("unranked-caption").textContent = rest.length + " not ranked: " + what;
    document.getElementById("verdict").textContent = figures.text;
    document.getElementById("all-ranked").hidden = rest.length > 0;
    document.getElementById("none-ranked").hidden = ranked.length > 0;
    document.getElementById("changes").parentNode.hidden = ranked.length === 0;
    document.getElementById("unranked").parentNode.hidden = rest.length === 0;
    R.writeState({ pair: state.pair, measure: state.measure, group: state.group, sort: String(sorting.column),
      order: sorting.descending ? "down" : "up" });
    document.documentElement.dataset.changeRows = ranked.length + "+" + rest.length;
  }

  show();
  R.watchState(function (next) {
    Object.keys(selects).forEach(function (name) {
      if (next[name]) { selects[name].value = next[name]; }
      state[name] = selects[name].value;
    });
    sorting = { column: Number(next.sort) || 2, descending: next.order === "down" };
    show();
  });
})();
