// Ticked rows of a list: how many they are, and all of a page at once. Ticking and sending works without this.
(function () {
  "use strict";

  function rows(form) {
    return Array.from(document.querySelectorAll('input[name="row"][form="' + form.id + '"]'));
  }

  function refresh(form) {
    var every = rows(form);
    var count = every.filter(function (box) { return box.checked; }).length;
    form.dataset.count = String(count);
    form.querySelector("[data-bulk-count]").textContent = String(count);
    document.querySelectorAll('[data-bulk-all="' + form.id + '"]').forEach(function (box) {
      box.checked = count > 0 && count === every.length;
      box.indeterminate = count > 0 && count < every.length;
    });
  }

  function tick(form, checked) {
    rows(form).forEach(function (box) { box.checked = checked; });
    refresh(form);
  }

  function refreshAll() {
    document.querySelectorAll("form[data-bulk]").forEach(refresh);
  }

  document.addEventListener("change", function (event) {
    var box = event.target;
    if (box.dataset.bulkAll) tick(document.getElementById(box.dataset.bulkAll), box.checked);
    else if (box.name === "row" && box.form && box.form.matches("[data-bulk]")) refresh(box.form);
  });
  document.addEventListener("click", function (event) {
    var button = event.target instanceof Element ? event.target.closest("[data-bulk-page], [data-bulk-none]") : null;
    if (!button) return;
    event.preventDefault();
    var first = rows(button.form)[0];
    tick(button.form, "bulkPage" in button.dataset);
    if ("bulkNone" in button.dataset && first) first.focus(); // the bar with the button is gone
  });
  document.addEventListener("htmx:load", refreshAll);
  window.addEventListener("pageshow", refreshAll); // a browser that goes back restores the ticks
  refreshAll();
})();
