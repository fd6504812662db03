/** A place in a picture, in pixels from its left upper corner. */
export interface Corner {
  x: number;
  y: number;
}

/** What an activation code says (SGP.22 4.1). */
export interface Activation {
  /** `LPA:1$…`, as it is written elsewhere. */
  code: string;
  smdpAddress: string;
  /** Empty where the SM-DP+ knows the card. */
  matchingId: string;
  confirmationCodeRequired: boolean;
}

/** A QR code that was read. */
export interface Code {
  text: string;
  /** Clockwise as the code is printed, from the one at its left upper finder pattern: a frame to draw. */
  corners: [Corner, Corner, Corner, Corner];
  /** Absent where the code is none for eSIMs. */
  activation?: Activation;
}

/** What was seen in a picture. */
export interface Looked {
  /** Activation codes first. */
  codes: Code[];
  /** Why the picture was not looked at. */
  refused?: { en: string; ja: string };
}
