// Saves answers one after the other, in the order they were given, and tries again until the server has them.
// What is not saved yet lives in this page's memory only: never in the browser's storage, since wards share computers.
window.caseForm = window.caseForm || {};
(function (caseForm) {
  "use strict";

  var RETRY_SECONDS = [1, 2, 4, 8, 15];
  var GIVE_UP_SECONDS = 20; // an answer that takes longer is asked for again; its token keeps it from counting twice
  var SHOWN_SECONDS = 4;
  var waiting = [];
  var current = null;
  var tries = 0;
  var timer = null;
  var watchers = [];
  var lastSaved = null;

  function token() {
    // crypto.randomUUID exists on https pages only; many hospitals serve plain http inside.
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  // change: {item, url, fields: [[name, value]...], revision, replaces: true where only the last one matters}
  function add(change) {
    change.token = token();
    if (change.replaces) {
      waiting = waiting.filter(function (other) {
        var is_older = other.item === change.item && other.replaces && other !== current;
        if (is_older) change.revision = other.revision;
        return !is_older;
      });
    }
    waiting.push(change);
    mark(change, "waiting");
    tell();
    send();
  }

  function send() {
    if (current || timer || !waiting.length) return;
    current = waiting[0];
    mark(current, "saving");
    tell();
    var abort = new AbortController();
    var deadline = window.setTimeout(function () { abort.abort(); }, GIVE_UP_SECONDS * 1000);
    fetch(current.url, {
      method: "POST",
      body: body(current),
      headers: { "HX-Request": "true", "X-CSRFToken": caseForm.csrf(), "HX-Current-URL": window.location.href },
      signal: abort.signal,
      redirect: "manual",
    }).then(function (response) {
      return response.text().then(function (text) { return { response: response, text: text }; });
    }).then(function (answer) {
      arrived(answer.response, answer.text);
    }, function () {
      again("offline");
    }).finally(function () { window.clearTimeout(deadline); });
  }

  function body(change) {
    var data = new URLSearchParams();
    change.fields.forEach(function (pair) { data.append(pair[0], pair[1]); });
    if (change.item) data.set("item", change.item);
    if (change.revision !== undefined) data.set("revision", change.revision);
    data.set("seen", caseForm.seen());
    data.set("token", change.token);
    return data;
  }

  function arrived(response, text) {
    var hasLeft = response.type === "opaqueredirect" || response.headers.has("HX-Redirect");
    if (response.status === 401 || hasLeft) return again("login");
    // Logging in again, in another tab, has changed the token that every change must carry.
    if (response.status === 403) return caseForm.renewToken().then(function () { again("login"); });
    if (response.status >= 500 || response.status === 429) return again("server");
    var change = current;
    drop(change);
    tries = 0;
    if (response.ok || response.status === 409 || response.status === 422) {
      lastSaved = response.ok ? new Date() : lastSaved;
      change.result = response.status;
      caseForm.apply(text, change);
      mark(change, response.ok ? "saved" : "");
    } else {
      mark(change, "refused");
      caseForm.say(caseForm.text(response.status === 404 ? "gone" : "refused"));
    }
    tell();
    send();
  }

  function drop(change) {
    waiting = waiting.filter(function (other) { return other !== change; });
    current = null;
  }

  function again(why) {
    var seconds = RETRY_SECONDS[Math.min(tries, RETRY_SECONDS.length - 1)];
    tries += 1;
    mark(current, "retrying");
    current = null;
    timer = window.setTimeout(tryNow, seconds * 1000);
    tell(why);
  }

  function tryNow() {
    window.clearTimeout(timer);
    timer = null;
    send();
  }

  function mark(change, state) {
    var row = change.item && caseForm.row(change.item);
    if (!row) return;
    row.dataset.save = state;
    var place = row.querySelector(".cf-save");
    if (state === "saved") window.setTimeout(function () { forget(change.item); }, SHOWN_SECONDS * 1000);
    if (place) place.textContent = state ? caseForm.text("row" + state[0].toUpperCase() + state.slice(1)) : "";
  }

  function forget(item) {
    var row = caseForm.row(item);
    if (!row || row.dataset.save !== "saved") return;
    delete row.dataset.save;
    row.querySelector(".cf-save").textContent = "";
  }

  function tell(problem) {
    watchers.forEach(function (watcher) {
      watcher({ count: waiting.length, problem: problem || (timer ? "offline" : ""), lastSaved: lastSaved });
    });
  }

  // A change that is still waiting was made on top of our own earlier one: it has seen that revision.
  function rebase(item, revision) {
    waiting.forEach(function (change) { if (change.item === item) change.revision = revision; });
  }

  window.addEventListener("online", tryNow);
  window.addEventListener("focus", function () { if (timer) tryNow(); });
  window.addEventListener("beforeunload", function (event) {
    caseForm.flush();
    if (!waiting.length) return;
    event.preventDefault();
    event.returnValue = "";
  });

  caseForm.queue = {
    add: add,
    rebase: rebase,
    tryNow: tryNow,
    isBusy: function () { return waiting.length > 0; },
    isStuck: function () { return timer !== null; },
    holds: function (item) { return waiting.some(function (change) { return change.item === item; }); },
    watch: function (watcher) { watchers.push(watcher); },
  };
})(window.caseForm);
