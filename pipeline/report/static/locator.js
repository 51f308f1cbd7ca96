"use strict";
(function () {
  var frame = document.getElementById("locator");
  if (!frame || !window.REPORT_GEOMETRY) { return; }
  var here = Number(frame.dataset.index);
  var geometry = window.REPORT_GEOMETRY;
  var svg = window.Report.drawPlainMap(geometry, function (index) {
    return index === here ? { "class": "here" } : { "class": "there" };
  }, 320);
  var mine = svg.querySelector(".here");
  if (mine) { svg.appendChild(mine); }
  frame.appendChild(svg);
})();
