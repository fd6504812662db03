use alloc::vec::Vec;
use core::fmt;

use rasn::types::{Any, Constraints, Identifier, Tag};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

/// What follows the fields that are known: `EXTENSIBILITY IMPLIED` demands that it does no harm.
///
/// Stands as the last field of a SEQUENCE, whatever tag the place would have, and takes everything up to its end.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rest(pub Vec<Any>);

impl AsnType for Rest {
    // A tag that no encoding has, so that no other field is mistaken for this one.
    const TAG: Tag = Tag::EOC;
}

impl Decode for Rest {
    fn decode_with_tag_and_constraints<D: Decoder>(
        decoder: &mut D,
        _tag: Tag,
        _constraints: &Constraints,
    ) -> Result<Self, D::Error> {
        let mut rest = Vec::new();
        while let Some(any) = decoder.decode_optional::<Any>()? {
            rest.push(any);
        }
        Ok(Self(rest))
    }
}

impl Encode for Rest {
    fn encode_with_tag_and_constraints<'b, E: Encoder<'b>>(
        &self,
        encoder: &mut E,
        _tag: Tag,
        _constraints: &Constraints,
        identifier: Identifier,
    ) -> Result<(), E::Error> {
        for any in &self.0 {
            encoder.encode_any(Tag::EOC, any, identifier)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rest({})", self.0.len())
    }
}
