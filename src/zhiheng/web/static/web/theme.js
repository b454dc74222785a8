// Decide light or dark before anything is drawn: the person's choice, else the computer's setting.
(function () {
  "use strict";
  var chosen = /(?:^|; )theme=(light|dark)/.exec(document.cookie);
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    document.documentElement.dataset.bsTheme = chosen ? chosen[1] : dark.matches ? "dark" : "light";
  }
  apply();
  if (!chosen) dark.addEventListener("change", apply);
})();
