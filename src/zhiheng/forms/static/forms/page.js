// The form of a case: takes what people enter to the queue and puts in place what the server answers.
window.caseForm = window.caseForm || {};
(function (caseForm) {
  "use strict";

  var TYPING_PAUSE = 1500;
  var root, card, opener, typing;
  var late = new Map(); // rows that arrived while somebody typed in them

  caseForm.root = function () { return root; };
  caseForm.row = function (item) { return document.getElementById("i-" + item); };
  caseForm.rowOf = function (element) { return element instanceof Element ? element.closest(".cf-item") : null; };
  caseForm.text = function (name) { return root.dataset["text" + name[0].toUpperCase() + name.slice(1)] || ""; };
  // The revision of the form that this page shows: the server answers with all that has changed since.
  caseForm.seen = function () { return document.getElementById("cf-totals").dataset.revision; };
  caseForm.csrf = function () { return root.dataset.csrf; };
  caseForm.renewToken = function () {
    return fetch(window.location.pathname, { redirect: "manual" }).then(function (response) {
      return response.ok ? response.text() : "";
    }).then(function (text) {
      var found = /data-csrf="(\w+)"/.exec(text);
      if (found) root.dataset.csrf = found[1];
    }).catch(function () { /* the next try says what is wrong */ });
  };
  caseForm.say = function (text) {
    var note = document.createElement("div");
    note.className = "alert alert-danger";
    note.setAttribute("role", "alert");
    note.textContent = text;
    document.querySelector("#messages").replaceChildren(note);
  };

  // ---- what people enter -------------------------------------------------------------------------------------------

  // `values` stand in for what the fields of the form hold.
  function enter(form, submitter, values) {
    var row = caseForm.rowOf(form);
    var data = new FormData(form);
    if (submitter && submitter.name) data.set(submitter.name, submitter.value);
    var verb = data.get("do") || "answer";
    var revision = data.get("revision");
    var item = row ? row.dataset.item : data.get("item") || undefined; // the card speaks about an item, too
    ["csrfmiddlewaretoken", "item", "revision", "seen"].forEach(function (name) { data.delete(name); });
    if (values) {
      data.delete("value");
      values.forEach(function (value) { data.append("value", value); });
    }
    if (row) delete row.dataset.dirty;
    caseForm.queue.add({
      item: item,
      url: (submitter && submitter.getAttribute("formaction")) || form.action,
      fields: Array.from(data.entries()),
      revision: revision === null ? undefined : revision,
      replaces: row !== null && verb === "answer",
    });
  }

  caseForm.enter = enter;

  caseForm.act = function (row, verb) {
    var button = row.querySelector('button[name="do"][value="' + verb + '"]');
    if (button) button.form.requestSubmit(button);
    return Boolean(button);
  };

  // What was typed and not sent yet goes to the queue: before moving on, before leaving.
  caseForm.flush = function () {
    window.clearTimeout(typing);
    root.querySelectorAll(".cf-item[data-dirty]").forEach(function (row) { enter(row.querySelector("form")); });
  };

  function changed(event) {
    var form = event.target.closest("form.cf-answer");
    if (!form || event.target.matches("[data-own-change]")) return;
    // Enter has sent a text already when leaving the field fires its change.
    if (event.target.matches("input[type=text]") && !("dirty" in caseForm.rowOf(form).dataset)) return;
    enter(form);
  }

  function typed(event) {
    var row = caseForm.rowOf(event.target);
    if (!row || !event.target.matches('input[name="value"]:not([type=radio]):not([type=checkbox]):not([role=combobox])')) return;
    row.dataset.dirty = "";
    window.clearTimeout(typing);
    // Half a number or half a time would be refused; free text is saved while people think.
    if (row.dataset.type === "text" && !event.isComposing) typing = window.setTimeout(caseForm.flush, TYPING_PAUSE);
  }

  function submitted(event) {
    var form = event.target;
    if (form.matches("form.cf-answer, form[data-change]")) {
      event.preventDefault();
      enter(form, event.submitter);
      if (form.closest(".cf-card") && form.matches("[data-closes]")) caseForm.closeCard();
    }
  }

  // An option that is already chosen fires no change: on a proposal, choosing it again confirms it.
  function clicked(event) {
    var link = event.target.closest("a[data-card]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      return caseForm.openCard(link);
    }
    if (event.target.closest("[data-close-card]")) {
      event.preventDefault();
      return caseForm.closeCard();
    }
    var filter = event.target.closest("a[data-filter]");
    if (filter) {
      event.preventDefault();
      caseForm.filter(filter.dataset.filter);
      if (event.detail > 0) filter.blur(); // after the mouse, Enter begins with the first open item
      return window.history.replaceState(null, "", filter.href);
    }
    var jump = event.target.closest("a[data-jump]");
    if (jump) return followed(event, jump);
    if (event.target.closest("[data-try-now]")) caseForm.queue.tryNow();
    return undefined;
  }

  function pressed(event) {
    var radio = event.target.closest('.cf-chip input[type="radio"]');
    var row = caseForm.rowOf(radio);
    if (row && row.dataset.state === "proposed" && radio.defaultChecked && event.detail > 0) caseForm.act(row, "confirm");
  }

  function followed(event, jump) {
    var row = caseForm.row(jump.dataset.jump);
    if (!row || row.hidden) return;
    event.preventDefault();
    if (caseForm.isFilteredOut(row)) caseForm.filter("all");
    caseForm.focus(row);
  }

  // ---- what the server answers -------------------------------------------------------------------------------------

  // `text` holds whole elements with the ids of those they replace.
  caseForm.apply = function (text, change) {
    var template = document.createElement("template");
    template.innerHTML = text;
    Array.from(template.content.children).forEach(function (fresh) {
      if (fresh.id) place(fresh, change);
    });
    markFilter(); // the fresh counters do not know which one is chosen here
    caseForm.countSections();
  };

  function place(fresh, change) {
    var old = document.getElementById(fresh.id);
    if (!old) return;
    if (old.matches(".cf-item")) {
      var item = old.dataset.item;
      var isOwn = change && change.item === item;
      if (isOwn && change.result === 200) caseForm.queue.rebase(item, fresh.dataset.revision);
      if (caseForm.queue.holds(item) || "dirty" in old.dataset || "searching" in old.dataset) {
        if (!isOwn || change.result === 200) late.set(item, fresh);
        return;
      }
    }
    swap(old, fresh);
  }

  function swap(old, fresh) {
    var active = document.activeElement;
    var inside = old.contains(active) ? active : null;
    ["is-kept"].forEach(function (name) { if (old.classList.contains(name)) fresh.classList.add(name); });
    if (old.open) fresh.open = true;
    if (old.dataset.save) fresh.dataset.save = old.dataset.save;
    var selection = inside && inside.matches("input[type=text]") ? [inside.selectionStart, inside.selectionEnd] : null;
    old.querySelectorAll(".cf-note input[id]").forEach(function (reason) { // half a reason is no change yet
      var twin = fresh.querySelector("#" + CSS.escape(reason.id));
      if (twin) twin.value = reason.value;
    });
    old.replaceWith(fresh);
    if (window.htmx) window.htmx.process(fresh);
    if (inside) refocus(fresh, inside, selection);
  }

  function refocus(fresh, inside, selection) {
    var twin = inside.id && document.getElementById(inside.id);
    if (!twin) twin = caseForm.target(fresh);
    if (!twin) return;
    twin.focus({ preventScroll: true });
    if (selection && twin.id === inside.id) twin.setSelectionRange(selection[0], selection[1]);
  }

  function left(event) {
    var row = caseForm.rowOf(event.target);
    if (!row || !late.has(row.dataset.item) || row.contains(event.relatedTarget)) return;
    if ("dirty" in row.dataset || "searching" in row.dataset || caseForm.queue.holds(row.dataset.item)) return;
    var fresh = late.get(row.dataset.item);
    late.delete(row.dataset.item);
    if (Number(fresh.dataset.revision) >= Number(row.dataset.revision)) swap(row, fresh);
  }

  // ---- filter and counters -----------------------------------------------------------------------------------------

  caseForm.filter = function (name) {
    root.dataset.filter = name;
    root.querySelectorAll(".cf-item.is-kept").forEach(function (row) { row.classList.remove("is-kept"); });
    markFilter();
    caseForm.countSections();
    var row = caseForm.rowOf(document.activeElement);
    if (!row || caseForm.isFilteredOut(row)) root.scrollIntoView({ block: "start" });
  };

  function markFilter() {
    root.querySelectorAll("a[data-filter]").forEach(function (link) {
      if (link.dataset.filter === root.dataset.filter) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  caseForm.isFilteredOut = function (row) {
    var name = root.dataset.filter;
    return name !== "all" && !("is" + name[0].toUpperCase() + name.slice(1) in row.dataset) && !row.classList.contains("is-kept");
  };

  // Sections in which the filter leaves nothing disappear with their heading.
  caseForm.countSections = function () {
    var any = false;
    root.querySelectorAll(".cf-section").forEach(function (section) {
      var rows = Array.from(section.querySelectorAll(".cf-item"));
      var has = rows.some(function (row) { return !row.hidden && !caseForm.isFilteredOut(row); });
      section.hidden = !has;
      any = any || has;
    });
    var empty = root.querySelector(".cf-nothing");
    if (empty) empty.hidden = any;
    current();
  };

  function kept(event) {
    var row = caseForm.rowOf(event.target);
    if (row) row.classList.add("is-kept");
  }

  // The section that is being worked on is marked in the navigation.
  function current() {
    var row = caseForm.rowOf(document.activeElement);
    var section = row ? row.closest(".cf-section") : null;
    if (!section) return;
    root.querySelectorAll(".cf-nav a[aria-current]").forEach(function (link) { link.removeAttribute("aria-current"); });
    var link = root.querySelector('.cf-nav a[href="#' + section.id + '"]');
    if (link) {
      link.setAttribute("aria-current", "location");
      link.scrollIntoView({ block: "nearest" });
    }
  }

  // ---- the card at the side ----------------------------------------------------------------------------------------

  caseForm.openCard = function (link) {
    opener = link.id ? link.id : null;
    card.dataset.opener = opener || "";
    fetch(link.href, { headers: { "HX-Request": "true", "HX-Current-URL": window.location.href }, redirect: "manual" })
      .then(function (response) {
        if (response.type === "opaqueredirect" || response.status === 401) return caseForm.say(caseForm.text("login"));
        if (!response.ok) return caseForm.say(caseForm.text("gone"));
        return response.text().then(function (text) { showCard(text); });
      })
      .catch(function () { caseForm.say(caseForm.text("offline")); });
  };

  function showCard(text) {
    card.innerHTML = text;
    if (window.htmx) window.htmx.process(card);
    inPlace(function () {
      card.hidden = false;
      root.classList.add("has-card");
    });
    card.querySelector("h2").focus({ preventScroll: true });
    card.scrollTop = 0;
  }

  // The card makes the rows narrower, and so higher: the one it is about stays where it was on the screen.
  function inPlace(act) {
    var fixed = opener && document.getElementById(opener);
    var before = fixed ? fixed.getBoundingClientRect().top : 0;
    function correct() {
      if (fixed) window.scrollBy(0, fixed.getBoundingClientRect().top - before);
    }
    act();
    correct();
    window.requestAnimationFrame(correct); // the browser has its own idea of what should stay
  }

  caseForm.closeCard = function () {
    if (!card || card.hidden) return false;
    inPlace(function () {
      card.hidden = true;
      card.replaceChildren();
      root.classList.remove("has-card");
    });
    var back = opener && document.getElementById(opener);
    if (back) back.focus({ preventScroll: true });
    return true;
  };

  // ---- saved, saving, not saved ------------------------------------------------------------------------------------

  function showState(state) {
    var place = root.querySelector(".cf-saved");
    if (!place) return;
    var kind = state.problem ? "problem" : state.count ? "saving" : state.lastSaved ? "saved" : "";
    place.dataset.kind = kind;
    var said = "";
    if (kind === "problem") said = caseForm.text(state.problem).replace("%s", state.count);
    if (kind === "saving") said = caseForm.text("saving");
    if (kind === "saved") said = caseForm.text("saved").replace("%s", clock(state.lastSaved));
    var line = place.querySelector("span");
    if (line.textContent !== said) line.textContent = said;
    place.querySelector("button").hidden = kind !== "problem";
  }

  function clock(time) {
    return [time.getHours(), time.getMinutes(), time.getSeconds()].map(function (part) {
      return String(part).padStart(2, "0");
    }).join(":");
  }

  // ---- start -------------------------------------------------------------------------------------------------------

  function start() {
    root = document.getElementById("case-form");
    if (!root) return;
    card = document.getElementById("cf-card");
    root.classList.add("is-live");
    if (!root.dataset.filter) root.dataset.filter = "all";
    document.addEventListener("click", clicked);
    root.addEventListener("click", pressed);
    root.addEventListener("change", changed);
    root.addEventListener("input", typed);
    document.addEventListener("submit", submitted);
    root.addEventListener("focusin", function (event) { kept(event); current(); });
    root.addEventListener("focusout", left);
    caseForm.queue.watch(showState);
    caseForm.countSections();
    caseForm.startKeys();
    caseForm.startPresence();
    // After the browser has gone to the fragment by itself, which takes the focus away.
    window.addEventListener("load", function () { window.setTimeout(focusWanted, 0); });
  }

  function focusWanted() {
    var row = window.location.hash.startsWith("#i-") && caseForm.row(window.location.hash.slice(3));
    if (!row || row.hidden) return;
    if (caseForm.isFilteredOut(row)) caseForm.filter("all");
    caseForm.focus(row);
  }

  document.addEventListener("DOMContentLoaded", start);
})(window.caseForm);
