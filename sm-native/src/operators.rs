//! The file of operators: who may call ES2+, and where he is told how his orders go on.

use crate::files;
use esim_smdp::config::Operator;
use std::io;
use std::path::Path;

/// Reads the operators from a file ([`esim_sm_edge::read_operators`]).
///
/// # Errors
/// The file, the entry and the field that is wrong, and what belongs there.
pub fn read_operators(path: &Path) -> io::Result<Vec<Operator>> {
    let octets = std::fs::read(path).map_err(|error| files::at(path, error))?;
    esim_sm_edge::read_operators(&octets)
        .map_err(|reason| files::at(path, io::Error::new(io::ErrorKind::InvalidData, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem;
    use esim_crypto::{Curve, PrivateKey};

    fn read_text(text: &str) -> io::Result<Vec<Operator>> {
        let path = std::env::temp_dir().join(format!("esim-operators-{}-{}", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let read = read_operators(&path);
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn keys_come_as_pem_or_digits() {
        let key = PrivateKey::from_bytes(Curve::P256, &[7; 32]).unwrap().public_key();
        let digits = hex::encode(key.to_sec1());
        let pem = pem::write_public_key(&key).replace('\n', "\\n");
        let print = "AB:".repeat(31) + "CD";
        let text = format!(
            r#"[{{"oid": "2.999.1", "callback": "bss.example", "tokenKey": "{digits}", "certificates": ["{print}"]}},
                {{"oid": "2.999.2", "tokenKey": "{pem}"}}]"#
        );
        let operators = read_text(&text).unwrap();
        assert_eq!(operators[0].token_key, Some(key.clone()));
        assert_eq!(operators[0].certificates[0][30..], [0xAB, 0xCD]);
        assert_eq!(operators[1].token_key, Some(key));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, told) in [
            ("{", "not an array of operators"),
            (r#"[{"oid": "x"}]"#, "no OID"),
            (r#"[{"oid": "2.999.1"}, {"oid": "2.999.1"}]"#, "twice"),
            (r#"[{"oid": "2.999.1", "tokenKey": "00"}]"#, "openssl"),
            (r#"[{"oid": "2.999.1", "certificates": ["AB"]}]"#, "SHA-256"),
            (r#"[{"oid": "2.999.1", "token": ""}]"#, "unknown field"),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
