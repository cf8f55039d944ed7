// The chosen light or dark before anything is drawn; without a choice the system decides. No module: it must not wait.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  apply(stored());

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#theme")) return;
    const isDark = (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const next = isDark ? "light" : "dark";
    apply(next);
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    document.dispatchEvent(new Event("themechange"));
  });
  system.addEventListener("change", () => document.dispatchEvent(new Event("themechange")));
})();
