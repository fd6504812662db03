/** What goes onto the sheet of QR codes. */

export interface Slip {
  iccid: string;
  activationCode: string;
}

class Printing {
  slips = $state.raw<Slip[]>([]);

  take(rows: readonly { iccid?: string; activationCode?: string }[]) {
    const slips = rows.flatMap(({ iccid, activationCode }) =>
      iccid && activationCode ? [{ iccid, activationCode }] : [],
    );
    // A file may hold a row twice.
    this.slips = [...new Map(slips.map((slip) => [slip.iccid, slip])).values()];
    location.hash = "#/print";
  }
}

export const printing = new Printing();
