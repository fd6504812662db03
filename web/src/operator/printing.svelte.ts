/** What goes onto the sheet of QR codes. */

export interface Slip {
  iccid: string;
  activationCode: string;
}

class Printing {
  slips = $state.raw<Slip[]>([]);

  take(rows: readonly { iccid?: string; activationCode?: string }[]) {
    this.slips = rows.flatMap(({ iccid, activationCode }) => (iccid && activationCode ? [{ iccid, activationCode }] : []));
    location.hash = "#/print";
  }
}

export const printing = new Printing();
