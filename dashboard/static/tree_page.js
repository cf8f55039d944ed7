// Fills the page; see the modules that it will import.
