//! The same computations for a shell: hexadecimal in, hexadecimal out.

use super::Commands;
use esim_crypto::Curve;
use esim_crypto::bsp::Steps;
use esim_rsp::tlv;

/// A curve as OpenSSL's structures and Python name it.
pub(super) struct Curves {
    /// OBJECT IDENTIFIER with tag and length.
    oid: &'static str,
    python: &'static str,
}

impl Curves {
    pub fn of(curve: Curve) -> Self {
        match curve {
            Curve::P256 => Self { oid: "06082a8648ce3d030107", python: "SECP256R1" },
            Curve::BrainpoolP256r1 => Self { oid: "06092b2403030208010107", python: "BrainpoolP256R1" },
        }
    }
}

/// The shared secret of ECKA.
pub(super) fn ecdh(curve: Curves, own: &[u8], peer: &[u8]) -> Commands {
    let Curves { oid, python } = curve;
    let (own, peer) = (hex::encode(own), hex::encode(peer));
    // ECPrivateKey of RFC 5915 without the public key; SubjectPublicKeyInfo of RFC 5480.
    let parameters = tagged("a0", oid);
    let private = tagged("30", &format!("020101{}{parameters}", tagged("04", &own)));
    let algorithm = tagged("30", &format!("06072a8648ce3d0201{oid}"));
    let public = tagged("30", &format!("{algorithm}{}", tagged("03", &format!("00{peer}"))));
    Commands {
        openssl: format!(
            "openssl pkeyutl -derive \\\n  \
             -keyform DER -inkey <(printf {private} | xxd -r -p) \\\n  \
             -peerform DER -peerkey <(printf {public} | xxd -r -p) | {HEX}; echo"
        ),
        python: program(&format!(
            "from cryptography.hazmat.primitives.asymmetric import ec\n\
             curve = ec.{python}()\n\
             own = ec.derive_private_key(0x{own}, curve)\n\
             peer = ec.EllipticCurvePublicKey.from_encoded_point(curve, bytes.fromhex(\"{peer}\"))\n\
             print(own.exchange(ec.ECDH(), peer).hex())"
        )),
    }
}

/// Initial chaining value, S-ENC and S-MAC.
pub(super) fn kdf(shs: &[u8], shared_info: &[u8]) -> Commands {
    let (shs, info) = (hex::encode(shs), hex::encode(shared_info));
    Commands {
        openssl: format!(
            "openssl kdf -binary -keylen 48 -kdfopt digest:SHA256 \\\n  \
             -kdfopt hexsecret:{shs} \\\n  \
             -kdfopt hexinfo:{info} X963KDF | {HEX}; echo"
        ),
        python: program(&format!(
            "from hashlib import sha256\n\
             shs = bytes.fromhex(\"{shs}\")\n\
             info = bytes.fromhex(\"{info}\")\n\
             print(b\"\".join(sha256(shs + n.to_bytes(4, \"big\") + info).digest() for n in (1, 2))[:48].hex())"
        )),
    }
}

/// MAC, ICV and plaintext of a segment: `covered` is header and cipher; no ICV and no plaintext if nothing is encrypted.
pub(super) fn segment(
    s_enc: &[u8],
    s_mac: &[u8],
    steps: &Steps,
    covered: &[u8],
    cipher: Option<&[u8]>,
) -> Commands {
    let (s_enc, s_mac, mcv) = (hex::encode(s_enc), hex::encode(s_mac), hex::encode(steps.mcv));
    let covered = hex::encode(covered);
    let mut openssl = format!(
        "printf {mcv}{covered} | xxd -r -p | \\\n  \
         openssl mac -binary -cipher AES-128-CBC -macopt hexkey:{s_mac} -in - CMAC | {HEX}; echo"
    );
    let mut python = format!(
        "from cryptography.hazmat.primitives.cmac import CMAC\n\
         from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\n\
         mac = CMAC(algorithms.AES(bytes.fromhex(\"{s_mac}\")))\n\
         mac.update(bytes.fromhex(\"{mcv}\" \"{covered}\"))\n\
         print(mac.finalize().hex())"
    );
    if let Some(cipher) = cipher {
        let (counter, icv) = (format!("{:032x}", steps.counter), hex::encode(steps.icv));
        let cipher = hex::encode(cipher);
        openssl += &format!(
            "\nprintf {counter} | xxd -r -p | openssl enc -aes-128-ecb -nopad -K {s_enc} | {HEX}; echo\n\
             printf {cipher} | xxd -r -p | \\\n  \
             openssl enc -d -aes-128-cbc -nopad -K {s_enc} -iv {icv} | {HEX} | sed 's/80\\(00\\)*$//'; echo"
        );
        python += &format!(
            "\nenc = algorithms.AES(bytes.fromhex(\"{s_enc}\"))\n\
             icv = Cipher(enc, modes.ECB()).encryptor().update(bytes.fromhex(\"{counter}\"))\n\
             print(icv.hex())\n\
             plain = Cipher(enc, modes.CBC(icv)).decryptor().update(bytes.fromhex(\"{cipher}\"))\n\
             print(plain.rstrip(b\"\\0\")[:-1].hex())"
        );
    }
    Commands { openssl, python: program(&python) }
}

/// The three values of a ReplaceSessionKeysRequest, 16 octets each, which stand there in clear.
pub(super) fn ppk(request: &[u8]) -> Option<Commands> {
    let outer = tlv::read_only(request).ok()?;
    let inner = tlv::read_all(request, outer.value).ok()?;
    let starts = inner.iter().map(|value| value.value.start);
    let digits: Vec<String> = starts.clone().map(|at| (2 * at + 1).to_string()).collect();
    let octets: Vec<String> = starts.map(|at| at.to_string()).collect();
    let request = hex::encode(request);
    Some(Commands {
        openssl: format!(
            "for from in {}; do printf {request} | cut -c $from-$((from + 31)); done",
            digits.join(" ")
        ),
        python: program(&format!(
            "request = bytes.fromhex(\"{request}\")\n\
             for at in ({}): print(request[at:at + 16].hex())",
            octets.join(", ")
        )),
    })
}

/// Octets as one line of hexadecimal.
const HEX: &str = "xxd -p | tr -d '\\n'";

/// A DER TLV in hexadecimal, of a value of less than 128 octets.
fn tagged(tag: &str, value: &str) -> String {
    format!("{tag}{:02x}{value}", value.len() / 2)
}

fn program(text: &str) -> String {
    format!("python3 - <<'END'\n{text}\nEND")
}
