/** Single letters of the keyboard: off while the reader types, and off as a whole where the reader wants that. */
const KEY = "esim-lab/letters";

class Letters {
  on = $state(localStorage.getItem(KEY) !== "off");

  set(on: boolean) {
    this.on = on;
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  }
}

export const letters = new Letters();

/** Whether somebody types into what has the focus. */
export function isTyping(event: Event): boolean {
  const target = event.composedPath()[0];
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"))
  );
}

/** Whether a single letter is meant as a command. */
export function isCommand(event: KeyboardEvent): boolean {
  return letters.on && !isTyping(event) && !event.ctrlKey && !event.metaKey && !event.altKey;
}
