/** What was done, with its way back. Never an error, never a question. */
export interface Toast {
  text: string;
  undo?: () => void;
}

class Toasts {
  now = $state.raw<Toast>();

  show(text: string, undo?: () => void) {
    this.now = undo ? { text, undo } : { text };
  }

  close() {
    this.now = undefined;
  }
}

export const toasts = new Toasts();
