// Before anything is drawn: the colours that were chosen last time. Without a choice the system's preference holds.
try {
  const theme = localStorage.getItem("pinsharp.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing: the preference holds.
}
