// P-256 by the runtime, which has it in assembly, at once and not behind a promise: node:crypto. Where there is none all of this
// throws, and the worker does it itself.
const crypto = globalThis.process?.getBuiltinModule?.("node:crypto");

/** SubjectPublicKeyInfo of a key of P-256 (RFC 5480), as far as the point. */
const HEAD = [
  0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0,
];

export function verify(point, message, signature) {
  const key = new Uint8Array(HEAD.length + point.length);
  key.set(HEAD);
  key.set(point, HEAD.length);
  return crypto.verify("sha256", message, { key, format: "der", type: "spki", dsaEncoding: "ieee-p1363" }, signature);
}

export function multipleOfBase(scalar) {
  return holding(scalar).getPublicKey();
}

export function agree(scalar, peer) {
  return holding(scalar).computeSecret(peer);
}

function holding(scalar) {
  const key = crypto.createECDH("prime256v1");
  key.setPrivateKey(scalar);
  return key;
}
