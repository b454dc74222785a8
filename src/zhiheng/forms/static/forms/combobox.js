// Long option lists: type a code, a name or pinyin initials; the server searches, arrows and Enter choose.
window.caseForm = window.caseForm || {};
(function (caseForm) {
  "use strict";

  var PAUSE = 80;
  var known = new Map(); // answers of the server by address: option lists do not change while a page is open
  var timer, asked;

  function boxOf(element) { return element instanceof Element ? element.closest(".cf-combo") : null; }
  function listOf(box) { return box.querySelector('[role="listbox"]'); }
  function inputOf(box) { return box.querySelector('[role="combobox"]'); }
  function options(box) { return Array.from(listOf(box).querySelectorAll('[role="option"]')); }

  function search(box) {
    var url = box.dataset.options + "?q=" + encodeURIComponent(inputOf(box).value.trim());
    asked = url;
    if (known.has(url)) return show(box, known.get(url));
    return fetch(url, { headers: { "HX-Request": "true" } }).then(function (response) {
      if (!response.ok) throw new Error(String(response.status));
      return response.text();
    }).then(function (text) {
      known.set(url, text);
      if (asked === url && box.contains(document.activeElement)) show(box, text);
    }).catch(function () { show(box, ""); });
  }

  function show(box, text) {
    var list = listOf(box);
    list.innerHTML = text;
    options(box).forEach(function (option, place) { option.id = list.id + "_" + place; });
    list.hidden = false;
    caseForm.rowOf(box).dataset.searching = "";
    inputOf(box).setAttribute("aria-expanded", "true");
    activate(box, inputOf(box).value.trim() ? options(box)[0] : null);
  }

  function close(box) {
    listOf(box).hidden = true;
    delete caseForm.rowOf(box).dataset.searching;
    inputOf(box).setAttribute("aria-expanded", "false");
    inputOf(box).removeAttribute("aria-activedescendant");
  }

  function active(box) { return listOf(box).querySelector('[aria-selected="true"]'); }

  function activate(box, option) {
    options(box).forEach(function (each) { each.setAttribute("aria-selected", String(each === option)); });
    if (!option) return inputOf(box).removeAttribute("aria-activedescendant");
    inputOf(box).setAttribute("aria-activedescendant", option.id);
    return option.scrollIntoView({ block: "nearest" });
  }

  function step(box, by) {
    var all = options(box);
    if (!all.length) return;
    var place = all.indexOf(active(box));
    activate(box, all[(place + by + all.length + (place < 0 && by < 0 ? 1 : 0)) % all.length]);
  }

  // One option: its value is sent and its name stands in the box. Several: it joins the chosen ones.
  function choose(box, option) {
    var form = box.closest("form");
    var input = inputOf(box);
    close(box);
    if (option.dataset.value === undefined) return;
    if (box.dataset.many !== undefined) {
      input.value = "";
      return caseForm.enter(form, null, chosen(box).concat(option.dataset.value));
    }
    input.value = option.querySelector(".cf-option-label").textContent;
    return caseForm.enter(form, null, [option.dataset.value]);
  }

  function chosen(box) {
    return Array.from(box.querySelectorAll(".cf-chosen input:checked")).map(function (check) { return check.value; });
  }

  function typed(event) {
    var box = boxOf(event.target);
    if (!box || event.target !== inputOf(box)) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { search(box); }, PAUSE);
  }

  function pressed(event) {
    var box = boxOf(event.target);
    if (!box || event.target !== inputOf(box) || event.isComposing) return;
    var isOpen = !listOf(box).hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) step(box, event.key === "ArrowDown" ? 1 : -1);
      else search(box);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      close(box);
    } else if (event.key === "Enter" && !event.shiftKey && isOpen && active(box)) {
      event.preventDefault();
      choose(box, active(box));
    }
  }

  document.addEventListener("input", typed);
  document.addEventListener("keydown", pressed, true);
  // pointerdown, not click: the click would come after the box has lost the focus and closed the list.
  document.addEventListener("pointerdown", function (event) {
    var option = event.target instanceof Element ? event.target.closest('.cf-combo [role="option"]') : null;
    if (!option) return;
    event.preventDefault();
    choose(boxOf(option), option);
  });
  document.addEventListener("focusout", function (event) {
    var box = boxOf(event.target);
    if (box && !box.contains(event.relatedTarget)) {
      close(box);
      restore(box);
    }
  });

  // Text that names no option is no answer: what was chosen stands there again, or nothing.
  function restore(box) {
    var input = inputOf(box);
    if (caseForm.queue.holds(caseForm.rowOf(box).dataset.item)) return;
    if (box.dataset.many === undefined && input.value.trim() === "" && input.defaultValue !== "") {
      caseForm.enter(box.closest("form"), null, []);
    } else input.value = input.defaultValue;
  }
})(window.caseForm);
