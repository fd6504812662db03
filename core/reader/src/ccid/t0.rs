//! APDUs over TPDUs of T=0 (ISO/IEC 7816-3 clause 12; TS 102 221 7.3.1.1).

use alloc::vec::Vec;

/// Answers in a row that bring nothing.
const MAX_TURNS: u16 = 600;

/// What a transport protocol wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Exchange this with the card.
    Send(Vec<u8>),
    /// The response APDU.
    Done(Vec<u8>),
}

/// One APDU on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct T0 {
    tpdu: Vec<u8>,
    /// The command has data and wants an answer: T=0 asks for that in a second TPDU.
    is_case_4: bool,
    has_exact_length: bool,
    answer: Vec<u8>,
    turns: u16,
}

impl T0 {
    /// The exchange of an APDU; none if it is no short APDU (ISO/IEC 7816-4 5.1).
    pub(super) fn new(apdu: &[u8]) -> Option<Self> {
        let data = apdu.get(4).copied().map_or(0, usize::from);
        let (mut tpdu, is_case_4) = (apdu.to_vec(), apdu.len() == 6 + data && data > 0);
        match apdu.len() {
            4 => tpdu.push(0),
            5 => {}
            length if length == 5 + data => {}
            _ if is_case_4 => tpdu.truncate(5 + data),
            _ => return None,
        }
        Some(Self { tpdu, is_case_4, has_exact_length: false, answer: Vec::new(), turns: 0 })
    }

    /// The TPDU to begin with.
    pub(super) fn first(&self) -> Vec<u8> {
        self.tpdu.clone()
    }

    /// Takes the answer to a TPDU. Where the APDU asks for data, `61xx` is followed until all is there; elsewhere it goes up.
    pub(super) fn next(&mut self, response: &[u8]) -> Turn {
        self.turns = self.turns.saturating_add(1);
        let Some((data, [sw1, sw2])) = response.split_last_chunk::<2>() else {
            return Turn::Done(response.to_vec());
        };
        self.answer.extend_from_slice(data);
        let is_asking = self.tpdu.len() == 5;
        match sw1 {
            _ if self.turns > MAX_TURNS => {}
            0x61 if self.is_case_4 => {
                let class = self.tpdu.first().copied().unwrap_or_default();
                let class = if class & 0x40 == 0 { class & 0x03 } else { class & 0x4F };
                self.tpdu = Vec::from([class, 0xC0, 0x00, 0x00, *sw2]);
                self.has_exact_length = true;
                return Turn::Send(self.tpdu.clone());
            }
            0x6C if is_asking && !self.has_exact_length => {
                self.has_exact_length = true;
                if let Some(length) = self.tpdu.last_mut() {
                    *length = *sw2;
                }
                return Turn::Send(self.tpdu.clone());
            }
            _ => {}
        }
        let mut answer = core::mem::take(&mut self.answer);
        answer.extend([*sw1, *sw2]);
        Turn::Done(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(apdu: &[u8], answers: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut t0 = T0::new(apdu).unwrap();
        let mut sent = Vec::from([t0.first()]);
        for answer in answers {
            match t0.next(answer) {
                Turn::Send(tpdu) => sent.push(tpdu),
                Turn::Done(response) => return (sent, response),
            }
        }
        panic!("it goes on");
    }

    #[test]
    fn each_case_becomes_a_tpdu() {
        let (sent, _) = run(&[0, 0x70, 0x80, 1], &[&[0x90, 0]]);
        assert_eq!(sent, [[0, 0x70, 0x80, 1, 0]]);
        let (sent, response) = run(&[0, 0xB0, 0, 0, 0], &[&[0x6C, 2], &[1, 2, 0x90, 0]]);
        assert_eq!((sent.last().unwrap()[4], response.as_slice()), (2, [1, 2, 0x90, 0].as_slice()));
        let select = [1, 0xA4, 4, 0, 2, 0xA0, 0, 0];
        let (sent, response) = run(&select, &[&[0x61, 1], &[7, 0x61, 1], &[8, 0x90, 0]]);
        assert_eq!(sent, [&select[..7], &[1, 0xC0, 0, 0, 1], &[1, 0xC0, 0, 0, 1]]);
        assert_eq!(response, [7, 8, 0x90, 0]);
        // Who has not asked for data is told that there is some.
        assert_eq!(run(&select[..7], &[&[0x61, 1]]).1, [0x61, 1]);
        assert!(T0::new(&[0, 0xA4, 4, 0, 9, 1]).is_none());
        assert!(T0::new(&[0, 0xA4, 4]).is_none());
    }
}
