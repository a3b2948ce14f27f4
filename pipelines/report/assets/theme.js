"use strict";
try {
  const kept = localStorage.getItem("reaction-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch (error) {
  // A browser may keep no storage for files; the theme then follows the system.
}
