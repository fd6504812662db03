//! Modules that `scripts/size.sh` builds to tell what the card adds to a page
//! that has an SM-DP+ already, and what it weighs alone. Nobody ships them.

#[cfg(feature = "card")]
pub mod card;
#[cfg(feature = "sm")]
pub mod sm;
