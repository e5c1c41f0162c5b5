// @ts-check

/** What somebody has chosen for this browser, whoever is logged in. */

/** @returns {string | null} */
export function chosenLanguage() {
  return localStorage.getItem("language");
}

/** @param {string} language */
export function chooseLanguage(language) {
  localStorage.setItem("language", language);
}

export function wantsNotifications() {
  return localStorage.getItem("notifications") === "on";
}

/** @param {boolean} wanted */
export function wantNotifications(wanted) {
  localStorage.setItem("notifications", wanted ? "on" : "off");
}
