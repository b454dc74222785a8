// Small behaviour that every page shares. Nothing here is needed to read or to save.
(function () {
  "use strict";

  function closest(event, selector) {
    return event.target instanceof Element ? event.target.closest(selector) : null;
  }

  // Menus are <details class="menu">: one open at a time; a click elsewhere or Escape closes.
  document.addEventListener("click", function (event) {
    var own = closest(event, "details.menu");
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (menu !== own) menu.open = false;
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  document.addEventListener("click", function (event) {
    var toggler = closest(event, "[data-toggle]");
    if (toggler) {
      var target = document.querySelector(toggler.dataset.toggle);
      toggler.setAttribute("aria-expanded", String(target.classList.toggle("is-open")));
    }
    var opener = closest(event, "[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.querySelector(opener.dataset.dialog).showModal();
    }
    var closer = closest(event, "[data-close]");
    if (closer) close(closer.closest("dialog, .alert"));
    if (closest(event, "[data-print]")) window.print();
    var copier = closest(event, "[data-copy]");
    if (copier && navigator.clipboard) navigator.clipboard.writeText(copier.dataset.copy);
  });

  function close(element) {
    if (element instanceof HTMLDialogElement) element.close();
    else element.remove();
  }

  // "/" goes to the search box, as long as nobody is typing.
  document.addEventListener("keydown", function (event) {
    var box = document.querySelector("#topbar-search");
    if (!box || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    box.focus();
  });

  // A form is sent once, however often its button is clicked; coming back to the page frees it again.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "dialog" || form.matches("[data-resend], [hx-get], [hx-post]")) return;
    if (form.dataset.sent) event.preventDefault();
    else if (form.method === "post") form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  // The theme changes at once, without losing what is typed on the page.
  document.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (!button || button.name !== "theme") return;
    event.preventDefault();
    document.cookie = "theme=" + button.value + "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
    document.documentElement.dataset.bsTheme = button.value;
  }, true);

  // Forms that apply at once, such as the choice of a page size.
  document.addEventListener("change", function (event) {
    var form = closest(event, "form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });

  // A menu stays open, and the choice just made keeps the focus, while a part of the page is renewed around them.
  var kept = null;
  document.addEventListener("htmx:beforeSwap", function (event) {
    var active = document.activeElement, menu = active && active.closest("details.menu[open][id]");
    kept = menu && event.detail.target.contains(menu) ? { menu: menu.id, active: active.id } : null;
  });
  document.addEventListener("htmx:afterSettle", function () {
    var menu = kept && document.getElementById(kept.menu);
    if (menu) {
      menu.open = true;
      var active = kept.active && document.getElementById(kept.active);
      if (active) active.focus();
    }
    kept = null;
  });

  function say(text) {
    var box = document.querySelector("#messages");
    var note = document.createElement("div");
    note.className = "alert alert-danger";
    note.setAttribute("role", "alert");
    note.textContent = text;
    box.replaceChildren(note);
  }

  // A part of a page that did not come is said, not swallowed.
  document.addEventListener("htmx:responseError", function (event) {
    var texts = document.body.dataset, status = event.detail.xhr.status;
    if (status === 401) return;
    say(status === 404 || status === 403 ? texts.textGone : texts.textFailed);
  });
  ["htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function () { say(document.body.dataset.textOffline); });
  });

  // Messages of success leave by themselves; problems stay until they are closed.
  function fade(root) {
    root.querySelectorAll("#messages .alert-success").forEach(function (note) {
      window.setTimeout(function () { note.remove(); }, 6000);
    });
  }
  document.addEventListener("DOMContentLoaded", function () { fade(document); });
  document.addEventListener("htmx:oobAfterSwap", function () { fade(document); });
})();
