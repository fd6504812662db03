//! Sound octets, bent.

/// Octets with edits of four octets each: what to do, where (two octets), and with which value.
pub fn bent(octets: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    for edit in edits.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % (octets.len() + 1);
        match edit[0] % 4 {
            0 if at < octets.len() => octets[at] ^= edit[3],
            1 => octets.insert(at, edit[3]),
            2 => drop(octets.drain(at..(at + 1 + usize::from(edit[3] % 16)).min(octets.len()).max(at))),
            _ if at < octets.len() => octets[at] = edit[3],
            _ => {}
        }
    }
    octets
}
