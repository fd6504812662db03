//! The logical channel in a class octet (ISO/IEC 7816-4 5.4.1).

/// 0 to 19.
pub(super) fn channel_of(class: u8) -> u8 {
    if class & 0x40 == 0 { class & 0x03 } else { 4 + (class & 0x0F) }
}

/// The class octet for another channel, 0 to 19.
pub(super) fn with_channel(class: u8, channel: u8) -> u8 {
    let base = if class & 0x40 == 0 { class & 0xFC } else { class & 0x80 };
    match channel {
        0..=3 => base | channel,
        _ => (base & 0x80) | 0x40 | (channel.saturating_sub(4) & 0x0F),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_has_room_for_nineteen_channels() {
        for channel in 0..=19 {
            for class in [0x00, 0x80] {
                let there = with_channel(class, channel);
                assert_eq!(channel_of(there), channel, "{there:02X}");
                assert_eq!(with_channel(there, 0), class);
            }
        }
        assert_eq!(with_channel(0x80, 1), 0x81);
        assert_eq!(with_channel(0x81, 4), 0xC0);
        assert_eq!(with_channel(0xCF, 2), 0x82);
    }
}
