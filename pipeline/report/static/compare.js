"use strict";
// Two neighbourhoods side by side. Text from the data is only ever put in through textContent.
(function () {
  var R = window.Report, P = window.REPORT_COMPARE, V = window.REPORT_VALUES || null;
  if (!P) { return; }
  var places = P.places || V.places, groups = P.groups || V.groups;
  var noun = P.noun || V.noun, reasons = P.reasons || V.reasons;
  var state = R.readState();
  var selects = {}, sides = ["a", "b"];
  var index = {};
  places.code.forEach(function (code, number) { index[code] = number; });

  function capitalise(text) { return text.charAt(0).toUpperCase() + text.slice(1); }

  function nameGroup(key) {
    var found = groups.filter(function (group) { return group.key === key; })[0];
    return found ? found.label : key;
  }

  function byName(one, other) {
    var a = places.name[one].toLowerCase(), b = places.name[other].toLowerCase();
    return a < b ? -1 : a > b ? 1 : places.code[one] < places.code[other] ? -1 : 1;
  }

  function fillPlaces(side, authority) {
    var select = selects[side];
    select.textContent = "";
    groups.forEach(function (group) {
      var mine = [];
      places.code.forEach(function (code, number) {
        if (places.group[number] === group.key && (authority === null || places.authority[number] === authority)) { mine.push(number); }
      });
      if (!mine.length) { return; }
      var box = document.createElement("optgroup");
      box.label = nameGroup(group.key);
      mine.sort(byName).forEach(function (number) {
        var option = R.make("option", places.name[number]);
        option.value = places.code[number];
        box.appendChild(option);
      });
      select.appendChild(box);
    });
    if (!select.options.length) {
      places.code.map(function (code, number) { return number; }).sort(byName).forEach(function (number) {
        var option = R.make("option", places.name[number]);
        option.value = places.code[number];
        select.appendChild(option);
      });
    }
  }

  function pick(side, code) {
    if (P.authorities) {
      var authority = places.authority[index[code]];
      document.getElementById(side + "-authority").value = String(authority);
      fillPlaces(side, authority);
    }
    selects[side].value = code;
    state[side] = code;
  }

  function startSides() {
    sides.forEach(function (side, number) {
      selects[side] = document.getElementById(side);
      if (P.authorities) {
        var box = document.getElementById(side + "-authority");
        P.authorities.map(function (name, at) { return at; }).sort(function (one, other) {
          return P.authorities[one] < P.authorities[other] ? -1 : 1;
        }).forEach(function (at) {
          var option = R.make("option", P.authorities[at]);
          option.value = String(at);
          box.appendChild(option);
        });
        box.addEventListener("change", function () {
          fillPlaces(side, Number(box.value));
          state[side] = selects[side].value;
          show();
        });
      } else { fillPlaces(side, null); }
      selects[side].addEventListener("change", function () { state[side] = selects[side].value; show(); });
      pick(side, index[state[side]] === undefined ? P.start[number] : state[side]);
    });
    document.getElementById("swap").addEventListener("click", function () {
      var a = state.a;
      pick("a", state.b);
      pick("b", a);
      show();
    });
  }

  function startChoices() {
    var lists = V ? { snapshot: [V.snapshots, V.snapshots[V.snapshots.length - 1].key],
      direction: [V.directions, "outward"], mode: [V.modes, "all"] } : {};
    P.choices.forEach(function (name) {
      var select = document.getElementById(name);
      state[name] = R.fillSelect(select, lists[name][0], state[name], lists[name][1]);
      select.addEventListener("change", function () { state[name] = select.value; show(); });
      selects[name] = select;
    });
  }

  function resolve(pattern) {
    return pattern.replace(/\{(\w+)\}/g, function (whole, name) { return state[name]; });
  }

  function findSeries(key) { return P.series[key] || (V && V.series[key]) || null; }

  // Some figures share the coverage of another series.
  function findCodes(row, series) { return series.c || (row.cover && P.series[row.cover] ? P.series[row.cover].c : null); }

  function formatClock(seconds) {
    var day = Math.floor(seconds / 86400), rest = Math.floor(seconds) - day * 86400;
    var text = ("0" + Math.floor(rest / 3600)).slice(-2) + ":" + ("0" + Math.floor(rest % 3600 / 60)).slice(-2);
    return day > 0 ? text + " next\u00a0day" : text;
  }

  function format(kind, value, signed) {
    var sign = signed && value > 0 ? "+" : "";
    if (kind === "time") { return sign + R.formatNumber(value) + "\u00a0min"; }
    if (kind === "clock") { return signed ? sign + R.formatNumber(Math.round(value / 60)) + "\u00a0min" : formatClock(value); }
    if (kind === "pct") { return (value > 0 ? "+" : "") + R.formatNumber(value) + (signed ? "\u00a0points" : "%"); }
    if (kind === "hours") { return sign + R.formatNumber(value, 1) + "\u00a0h"; }
    if (kind === "rate") { return sign + R.formatNumber(value, Math.abs(value) > 0 && Math.abs(value) < 9.95 ? 1 : 0); }
    if (kind === "score") { return sign + R.formatNumber(value, 1); }
    if (kind === "km") { return sign + R.formatNumber(value, 1) + "\u00a0km"; }
    return sign + R.formatNumber(value);
  }

  function has(value) { return value !== null && value !== undefined; }

  function formatSpan(row, low, high) {
    function one(value) { return (row.signed && value > 0 ? "+" : "") + R.formatNumber(value) + (row.unit || ""); }
    return (one(low) === one(high) ? one(low) : one(low) + " to " + one(high)) + (row.after || "");
  }

  function buildValue(row, series, at) {
    var codes = findCodes(row, series), value = series.v[at], code = codes ? codes[at] : 0;
    if (row.kind === "text") { return { text: value || R.DASH, look: "words" }; }
    if (!has(value)) {
      return { text: code ? reasons[code] : row.kind === "time" ? "not calculated" : "no value", look: code > 3 ? "missing" : "reason" };
    }
    var text = row.kind === "span" ? formatSpan(row, value, series.hi[at]) : format(row.kind, value);
    if (row.kind === "rank" && series.lo && has(series.lo[at])) {
      text += " (" + R.formatNumber(series.lo[at]) + " to " + R.formatNumber(series.hi[at]) + ")";
    }
    return { text: text + (code === 4 ? " (" + (P.partial || "partial data") + ")" : ""), look: code === 4 ? "partial" : "" };
  }

  // Second less first; a range where both are ranges.
  function buildDifference(row, series, a, b) {
    if (row.kind === "text") { return { text: series.v[a] === series.v[b] ? "the same" : "differ" }; }
    if (!has(series.v[a]) || !has(series.v[b])) { return { text: "cannot be given", look: "reason" }; }
    if (series.c && (series.c[a] > 3 || series.c[b] > 3) && row.kind === "pct") { return { text: "not comparable", look: "reason" }; }
    if (row.kind === "span") {
      return { text: formatSpan({ signed: true, unit: row.unit === "%" ? "" : row.unit, after: row.unit === "%" ? "\u00a0points" : "" }, series.v[b] - series.hi[a], series.hi[b] - series.v[a]) };
    }
    return { text: format(row.kind, Math.round((series.v[b] - series.v[a]) * 10) / 10, true) };
  }

  function buildMedian(row, key, at) {
    var found = (P.medians[key] || [])[at];
    if (row.kind === "text" || !has(found)) { return { text: row.kind === "time" ? "over " + V.limitMin + "\u00a0min or none" : R.DASH, look: "reason" }; }
    if (row.kind === "span") { return { text: formatSpan(row, found[0], found[1]) }; }
    return { text: format(row.kind, found) };
  }

  function listGroups(a, b) {
    var keys = [places.group[a], places.group[b], "all"];
    return groups.map(function (group, number) { return { key: group.key, label: group.label, at: number }; })
      .filter(function (group) { return keys.indexOf(group.key) >= 0; });
  }

  function addLine(body, cells) {
    var line = document.createElement("tr");
    cells.forEach(function (cell, number) {
      var element = R.make(number === 0 ? "th" : "td", cell.text, number === 0 ? "" : "number " + (cell.look || ""));
      if (number === 0) { element.scope = "row"; }
      line.appendChild(element);
    });
    body.appendChild(line);
  }

  function showTable(a, b) {
    var table = document.getElementById("compare"), beside = listGroups(a, b);
    while (table.tBodies.length) { table.removeChild(table.tBodies[0]); }
    table.tHead.textContent = "";
    var head = document.createElement("tr");
    var titles = ["Fact", places.name[a], places.name[b], "Difference (second less first)"].concat(beside.map(function (group) {
      return "Median, " + group.label.charAt(0).toLowerCase() + group.label.slice(1);
    }));
    titles.forEach(function (title, number) {
      var cell = R.make("th", null, number ? "number" : "");
      cell.scope = "col";
      var page = number === 1 ? places.page[a] : number === 2 ? places.page[b] : null;
      if (page) {
        var link = R.make("a", title);
        link.href = "neighbourhoods/" + page + ".html";
        cell.appendChild(link);
      } else { cell.textContent = title; }
      head.appendChild(cell);
    });
    table.tHead.appendChild(head);
    var shown = 0, notes = document.getElementById("compare-notes");
    notes.textContent = "";
    P.sections.forEach(function (section) {
      var body = document.createElement("tbody"), line = document.createElement("tr");
      var title = R.make("th", section.title, "section");
      title.colSpan = titles.length;
      title.scope = "rowgroup";
      line.appendChild(title);
      body.appendChild(line);
      section.rows.forEach(function (row) {
        var key = resolve(row.series), series = findSeries(key);
        if (!series) { return; }
        shown += 1;
        addLine(body, [{ text: row.label }, buildValue(row, series, a), buildValue(row, series, b), buildDifference(row, series, a, b)]
          .concat(beside.map(function (group) { return buildMedian(row, key, group.at); })));
      });
      if (body.rows.length > 1) {
        table.appendChild(body);
        if (section.note) { notes.appendChild(R.make("li", section.title + ": " + section.note)); }
      }
    });
    return shown;
  }

  // Counts by section who is better off; says the first row of each and what ranks allow to be said.
  function describeSection(section, a, b) {
    var worse = [0, 0], alike = 0, open = 0, first = null;
    section.rows.forEach(function (row) {
      var series = findSeries(resolve(row.series));
      if (!series || row.kind === "text") { return; }
      var x = series.v[a], y = series.v[b];
      if (row.kind === "span") {
        if (!has(x) || !has(y)) { open += 1; return; }
        var apart = series.hi[a] < y ? -1 : series.hi[b] < x ? 1 : 0;
        if (!apart) { alike += 1; } else { worse[(apart > 0) === (row.worse === "high") ? 0 : 1] += 1; }
      } else if (!has(x) && !has(y)) { open += 1; return;
      } else if (!has(x) || !has(y)) {
        // without a journey is worse than any time; in all else a missing value says nothing
        if (row.kind !== "time" || [2, 3].indexOf(series.c[has(x) ? b : a]) < 0) { open += 1; return; }
        worse[has(x) ? 1 : 0] += 1;
      } else if (x === y) { alike += 1; } else { worse[(x > y) === (row.worse === "high") ? 0 : 1] += 1; }
      if (!first) { first = [row, series]; }
    });
    if (!first) { return null; }
    var count = worse[0] + worse[1] + alike + open;
    var text = section.title + ": of " + count + " figures, " + places.name[a] + " is worse off in " + worse[0] + " and " +
      places.name[b] + " in " + worse[1] + (alike ? "; " + alike + (first[0].kind === "span" ? (alike === 1 ? " overlaps" : " overlap") : (alike === 1 ? " is the same" : " are the same")) : "") +
      (open ? "; " + open + " cannot be compared" : "") + ". ";
    return text + "The first of them, " + first[0].label.charAt(0).toLowerCase() + first[0].label.slice(1) + ": " +
      buildValue(first[0], first[1], a).text + " against " + buildValue(first[0], first[1], b).text + ".";
  }

  function describeRanks(a, b) {
    var said = null;
    P.sections.forEach(function (section) {
      section.rows.forEach(function (row) {
        var series = row.kind === "rank" ? findSeries(resolve(row.series)) : null;
        if (!series || !has(series.v[a]) || !has(series.v[b]) || !has(series.lo[a]) || !has(series.lo[b])) { return; }
        var worse = series.v[a] <= series.v[b] ? a : b, other = worse === a ? b : a;
        var text = "Over all indicators " + places.name[worse] + " ranks " + buildValue(row, series, worse).text + " and " +
          places.name[other] + " " + buildValue(row, series, other).text + ", 1 being the worst connected: ";
        said = text + (series.hi[worse] < series.lo[other] ? "the intervals do not overlap, so the difference stands under other weights."
          : "the intervals overlap, so the two should not be told apart.");
      });
    });
    return said;
  }

  function showVerdict(a, b) {
    var box = document.getElementById("verdict");
    box.textContent = "";
    if (a === b) {
      box.appendChild(R.make("p", "Both are " + places.name[a] + ": choose another " + noun + " to compare it with."));
      return;
    }
    var ranks = describeRanks(a, b);
    if (ranks) { box.appendChild(R.make("p", ranks)); }
    var list = R.make("ul");
    P.sections.forEach(function (section) {
      var text = describeSection(section, a, b);
      if (text && section.rows[0].kind !== "score") { list.appendChild(R.make("li", text)); }
    });
    box.appendChild(list);
  }

  function show() {
    var a = index[state.a], b = index[state.b];
    if (V) { R.showCaveat(V, state.snapshot); }
    showVerdict(a, b);
    var rows = showTable(a, b);
    var chosen = P.choices.map(function (name) { return selects[name].selectedOptions[0].textContent; });
    document.getElementById("compare-caption").textContent = places.name[a] + " and " + places.name[b] +
      (chosen.length ? ": " + chosen.join(" \u00b7 ") : ": " + P.what);
    var kept = { a: state.a, b: state.b };
    P.choices.forEach(function (name) { kept[name] = state[name]; });
    R.writeState(kept);
    document.documentElement.dataset.compareRows = String(rows);
  }

  startSides();
  startChoices();
  show();
  R.watchState(function (next) {
    sides.forEach(function (side) { if (index[next[side]] !== undefined) { pick(side, next[side]); } });
    P.choices.forEach(function (name) {
      if (next[name]) { selects[name].value = next[name]; }
      state[name] = selects[name].value;
    });
    show();
  });
})();
