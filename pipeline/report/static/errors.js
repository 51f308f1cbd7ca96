"use strict";
// Loaded first: whatever goes wrong is written where a reader of the page (and a test) can find it.
(function () {
  function record(text) {
    var root = document.documentElement;
    root.dataset.errors = (root.dataset.errors ? root.dataset.errors + " | " : "") + text;
  }
  window.addEventListener("error", function (event) {
    record(event.message || "could not load " + (event.target && (event.target.src || event.target.href)));
  }, true);
  window.addEventListener("unhandledrejection", function (event) { record("rejected: " + String(event.reason)); });
  document.addEventListener("securitypolicyviolation", function (event) {
    record("blocked: " + event.violatedDirective + " " + event.blockedURI);
  });
  window.reportError_ = record;
})();
