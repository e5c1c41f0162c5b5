// @ts-check
import { locale, t } from "./language.js";

const CLOCK = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
const WEEKDAY = new Intl.DateTimeFormat(locale, { weekday: "long", month: "long", day: "numeric" });
const YEAR = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "numeric" });
const WHOLE = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });

/** 14:05 @param {Date} date */
export const clock = (date) => CLOCK.format(date);

/** All of it @param {Date} date */
export const whole = (date) => WHOLE.format(date);

/** Today, yesterday, or the date @param {Date} date */
export function day(date) {
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (isSameDay(date, today)) return t("today");
  if (isSameDay(date, yesterday)) return t("yesterday");
  return (date.getFullYear() === today.getFullYear() ? WEEKDAY : YEAR).format(date);
}

/** As short as it can be: the time of today, or the date @param {Date} date */
export function brief(date) {
  const today = new Date();
  if (isSameDay(date, today)) return clock(date);
  return (date.getFullYear() === today.getFullYear() ? DAY : YEAR).format(date);
}

/** @param {Date} one @param {Date} other */
export const isSameDay = (one, other) => one.toDateString() === other.toDateString();
