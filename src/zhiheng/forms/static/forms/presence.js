// Tells the server which item is being worked on, and learns who else is here and what they have changed.
window.caseForm = window.caseForm || {};
(function (caseForm) {
  "use strict";

  var EVERY = 10000;

  function here() {
    var root = caseForm.root();
    if (document.hidden || caseForm.queue.isBusy()) return;
    var row = caseForm.rowOf(document.activeElement);
    var data = new URLSearchParams({ item: row ? row.dataset.item : "", seen: caseForm.seen() });
    fetch(root.dataset.presenceUrl, {
      method: "POST",
      body: data,
      headers: { "HX-Request": "true", "X-CSRFToken": caseForm.csrf() },
      redirect: "manual",
    }).then(function (response) {
      if (response.status === 200) return response.text().then(function (text) { caseForm.apply(text); });
      return undefined;
    }).catch(function () { /* the next save says what is wrong with the connection */ });
  }

  caseForm.here = here;
  caseForm.startPresence = function () {
    if (!caseForm.root().dataset.presenceUrl) return;
    here();
    window.setInterval(here, EVERY);
    document.addEventListener("visibilitychange", here);
  };
})(window.caseForm);
