// The keyboard: digits and letters pick options, Enter goes on, Shift+Enter back, F2 confirms, F4 says "cannot be determined".
window.caseForm = window.caseForm || {};
(function (caseForm) {
  "use strict";

  // Milliseconds that moving on waits for a save, since the answer may open the item that comes next.
  caseForm.patience = 600;

  var DIGITS = "1234567890";
  var trail = []; // where going on has led from, for the way back
  var moving = null; // {row, step, ahead: keys typed meanwhile}

  // ---- where to go -------------------------------------------------------------------------------------------------

  caseForm.target = function (row) {
    return row.querySelector(".cf-control input:checked:not([disabled])") ||
      row.querySelector(".cf-control input:not([type=hidden]):not([disabled]), .cf-control textarea") ||
      row.querySelector("button, a");
  };

  caseForm.focus = function (row) {
    var target = caseForm.target(row);
    if (!target) return;
    row.classList.add("is-kept");
    target.focus({ preventScroll: true });
    if (target.matches("input[type=text]")) target.select();
    var box = row.getBoundingClientRect();
    var top = root().querySelector(".cf-bar").getBoundingClientRect().bottom;
    if (box.top < top + 8 || box.bottom > window.innerHeight - 40) row.scrollIntoView({ block: "center" });
  };

  function root() { return caseForm.root(); }

  function visibleRows() {
    return Array.from(root().querySelectorAll(".cf-item")).filter(function (row) {
      return !row.hidden && !caseForm.isFilteredOut(row);
    });
  }

  function beside(row, step, isWanted) {
    var rows = visibleRows();
    var place = rows.indexOf(row);
    for (var far = 1; far <= rows.length; far += 1) {
      var other = rows[(place + step * far + rows.length * 2) % rows.length];
      if (other !== row && isWanted(other)) return other;
    }
    return null;
  }

  function isOpen(row) { return "isOpen" in row.dataset; }
  function isAnswerable(row) { return !("readonly" in row.dataset); }

  // Going on looks for what is open; going back returns the way one came, then visits every answer.
  function move(row, step) {
    var next = step > 0 ? beside(row, 1, isOpen) : cameFrom() || beside(row, -1, isAnswerable);
    if (next && step > 0) trail.push(row.dataset.item);
    if (next) caseForm.focus(next);
    else if (step > 0) finished();
  }

  function cameFrom() {
    while (trail.length) {
      var row = caseForm.row(trail.pop());
      if (row && !row.hidden && !caseForm.isFilteredOut(row)) return row;
    }
    return null;
  }

  function finished() {
    var button = root().querySelector(".cf-hand-in");
    if (button) button.focus();
  }

  // ---- going on while a save is under way --------------------------------------------------------------------------

  function moveWhenSaved(row, step) {
    if (moving) return undefined; // on the way already
    caseForm.flush();
    if (!caseForm.queue.isBusy() || caseForm.queue.isStuck()) return move(row, step);
    moving = { item: row.dataset.item, step: step, ahead: [], until: Date.now() + caseForm.patience };
    return waitAndMove();
  }

  function waitAndMove() {
    if (!moving) return undefined;
    if (caseForm.queue.isBusy() && !caseForm.queue.isStuck() && Date.now() < moving.until) {
      return window.setTimeout(waitAndMove, 8);
    }
    var done = moving;
    moving = null;
    var row = caseForm.row(done.item);
    if ("refused" in row.dataset) return caseForm.focus(row); // not saved: stay, so that it is seen
    move(row, done.step);
    return replay(done.ahead);
  }

  // Keys that were typed before the next item was there belong to that item.
  function replay(keys) {
    keys.forEach(function (key) {
      if (moving) return moving.ahead.push(key);
      var row = caseForm.rowOf(document.activeElement);
      if (!row) return undefined;
      if (key === "Enter") return moveWhenSaved(row, 1);
      if (pick(row, key)) return undefined;
      var input = document.activeElement;
      if (input.matches("input[type=text]")) {
        input.setRangeText(key, input.selectionStart, input.selectionEnd, "end");
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
      return undefined;
    });
  }

  // ---- picking options ---------------------------------------------------------------------------------------------

  function pick(row, key) {
    var chips = Array.from(row.querySelectorAll(".cf-chips input"));
    if (!chips.length || key.length !== 1) return false;
    var place = DIGITS.indexOf(key);
    var chip = place >= 0 ? chips[place] : chips.find(function (each) { return each.value.toLowerCase() === key.toLowerCase(); });
    if (!chip || chip.disabled) return false;
    chip.focus({ preventScroll: true });
    if (chip.type === "radio" && chip.checked) {
      if (row.dataset.state === "proposed") caseForm.act(row, "confirm");
      return true;
    }
    chip.checked = chip.type === "radio" ? true : !chip.checked;
    chip.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  // ---- keys --------------------------------------------------------------------------------------------------------

  function pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && caseForm.closeCard()) return event.preventDefault();
    var row = caseForm.rowOf(event.target);
    if (moving && keepsAhead(event)) return;
    if (!row) return globalKey(event);
    if (event.target.closest(".cf-state, .cf-note") && event.key === "Enter") return; // a button or link of the row
    var act = actions[(event.shiftKey ? "Shift+" : "") + event.key];
    if (act && !event.altKey) {
      event.preventDefault();
      return act(row);
    }
    if (!event.altKey && !event.target.matches("input[type=text]") && pick(row, event.key)) event.preventDefault();
  }

  function keepsAhead(event) {
    if (event.altKey || (event.key.length !== 1 && event.key !== "Enter")) return false;
    event.preventDefault();
    moving.ahead.push(event.key);
    return true;
  }

  // Alone on the page, the same keys begin the work.
  function globalKey(event) {
    if (event.target.matches("input, select, textarea, button, a, summary") || event.key !== "Enter") return;
    if (event.target.closest(".cf-card, dialog")) return;
    var first = visibleRows().find(isOpen);
    if (first) {
      event.preventDefault();
      caseForm.focus(first);
    }
  }

  function actThenMove(verb) {
    return function (row) {
      var isDone = caseForm.act(row, verb);
      if (isDone) moveWhenSaved(row, 1);
      return isDone;
    };
  }

  function openCard(row) {
    var link = row.querySelector("a[data-card]");
    if (link) caseForm.openCard(link);
  }

  var actions = {
    "Enter": function (row) { moveWhenSaved(row, 1); },
    "Shift+Enter": function (row) { moveWhenSaved(row, -1); },
    "F2": actThenMove("confirm"),
    // Without such an option the card opens, where the item can be left open with a reason.
    "F4": function (row) { actThenMove("unknown")(row) || openCard(row); },
    "F8": openCard,
    "F9": function (row) {
      var form = row.closest(".cf-section").querySelector("form[data-confirms]");
      if (form) form.requestSubmit();
    },
  };

  caseForm.startKeys = function () {
    document.addEventListener("keydown", pressed);
  };
})(window.caseForm);
