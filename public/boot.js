// Runs before the first paint: the chosen theme, and the pairing link out of the address and its history.
(function () {
  try {
    var theme = localStorage.getItem('latchkey-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is refused: the system's theme holds.
  }
  if (location.pathname === '/pair' && location.hash.length > 1) {
    window.latchkeyLink = location.href;
    history.replaceState(null, '', location.pathname);
  }
})();
