//! Names of rows and their second names: a kind, a slash, and what tells one of the kind from the others. Databases
//! have them; they never change.

use alloc::string::String;
use core::fmt;
use esim_rsp::{Eid, Iccid, TransactionId};

/// `Variant: word` in the place of the type's own text.
macro_rules! kinds {
    ($(#[$meta:meta])* $kinds:ident { $($(#[$doc:meta])* $kind:ident: $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kinds {
            $($(#[$doc])* $kind,)*
        }

        impl $kinds {
            /// The word before the slash.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// What its names begin with, the slash included.
            pub const fn prefix(self) -> &'static str {
                match self { $(Self::$kind => concat!($word, "/"),)* }
            }

            /// Whether a name is of this kind.
            pub fn has(self, name: &str) -> bool {
                name.starts_with(self.prefix())
            }
        }
    };
}

kinds! {
    /// What a row holds.
    Kind {
        /// The order of a profile.
        Order: "order",
        /// The octets of a profile.
        Package: "package",
        /// The end of an order's history.
        Head: "head",
        /// A download session.
        Session: "session",
        /// An event of an SM-DS. Names end in the eventId, which may be a matchingId: stores are to see that in a
        /// disguise, from the third part on.
        Event: "event",
        /// Settings of a host, which lie with the records and are none.
        Config: "config",
    }
}

kinds! {
    /// What a second name is about.
    AliasKind {
        /// A profile type.
        Type: "type",
        /// A profile type of which there is stock.
        Available: "available",
        /// An IMSI: personal data, which stores are to see in a disguise.
        Imsi: "imsi",
        /// An operator and an eUICC that is to fetch an event.
        Awaited: "awaited",
        /// An eUICC whose default SM-DP+ this is, and which has something to fetch.
        Default: "default",
        /// The same with nothing to fetch now.
        DefaultIdle: "default-idle",
        /// A matchingId: whoever knows it may fetch the profile, so stores are to see it as [`AliasKind::Code`].
        Matching: "matching",
        /// A matchingId in disguise: another word, so that nobody takes the one for the other.
        Code: "code",
        /// An eUICC that events wait for.
        Events: "events",
        /// The eUICC that an order is for: to look orders up by.
        Eid: "eid",
        /// The operator whose an order is: to look orders up by.
        Owner: "owner",
    }
}

impl Kind {
    /// The kind of a name, and what stands behind the slash; none for a name of no kind.
    pub fn of(name: &str) -> Option<(Self, &str)> {
        const ALL: [Kind; 6] =
            [Kind::Order, Kind::Package, Kind::Head, Kind::Session, Kind::Event, Kind::Config];
        ALL.into_iter().find_map(|kind| Some((kind, name.strip_prefix(kind.prefix())?)))
    }
}

/// The name of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Of the profile.
    Order(Iccid),
    /// Of the profile.
    Package(Iccid),
    /// Of the profile.
    Head(Iccid),
    /// Of the session.
    Session(TransactionId),
    /// Of the event.
    Event(EventName),
    /// Of an event as earlier versions have called it, by eUICC and eventId.
    EventOfAnybody(Eid, String),
    /// Of a setting, which is no record.
    Config(&'static str),
}

impl Name {
    /// What the row holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Order(_) => Kind::Order,
            Self::Package(_) => Kind::Package,
            Self::Head(_) => Kind::Head,
            Self::Session(_) => Kind::Session,
            Self::Event(_) | Self::EventOfAnybody(..) => Kind::Event,
            Self::Config(_) => Kind::Config,
        }
    }

    /// The profile whose order a row is; none if it is another row.
    pub fn order_of(name: &str) -> Option<Iccid> {
        name.strip_prefix(Kind::Order.prefix())?.parse().ok()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().prefix())?;
        match self {
            Self::Order(iccid) | Self::Package(iccid) | Self::Head(iccid) => iccid.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::Event(EventName { eid, owner, event_id }) => write!(f, "{eid}/{owner}/{event_id}"),
            Self::EventOfAnybody(eid, event_id) => write!(f, "{eid}/{event_id}"),
            Self::Config(setting) => f.write_str(setting),
        }
    }
}

/// What tells one event of an SM-DS from all others: the eUICC, the server that has registered it, and its identifier,
/// which is that server's own business.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventName {
    /// The eUICC.
    pub eid: Eid,
    /// OID of the server.
    pub owner: String,
    /// `eventId`.
    pub event_id: String,
}

/// A second name of a record's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasName<'a> {
    /// A profile type in the stock of one owner, or in everybody's.
    Type(Option<&'a str>, &'a str),
    /// The same, as long as it is to be had.
    Available(Option<&'a str>, &'a str),
    /// An IMSI of one owner's orders, or of those without: what one has says nothing to another.
    Imsi(Option<&'a str>, &'a str),
    /// An IMSI as earlier versions have named it, among everybody's.
    ImsiOfAnybody(&'a str),
    /// An eUICC that waits for an event, and the operator whose order it is.
    Awaited(Eid, &'a str),
    /// An eUICC with a default order that waits.
    Default(Eid),
    /// An eUICC with a default order that does not.
    DefaultIdle(Eid),
    /// A matchingId.
    Matching(&'a str),
    /// An eUICC that events wait for.
    Events(Eid),
    /// The same, of the server of this OID.
    EventsBy(Eid, &'a str),
    /// The eUICC that an order is for.
    Eid(Eid),
    /// The operator whose an order is.
    Owner(&'a str),
}

impl AliasName<'_> {
    /// What it is about.
    pub fn kind(&self) -> AliasKind {
        match self {
            Self::Type(..) => AliasKind::Type,
            Self::Available(..) => AliasKind::Available,
            Self::Imsi(..) | Self::ImsiOfAnybody(_) => AliasKind::Imsi,
            Self::Awaited(..) => AliasKind::Awaited,
            Self::Default(_) => AliasKind::Default,
            Self::DefaultIdle(_) => AliasKind::DefaultIdle,
            Self::Matching(_) => AliasKind::Matching,
            Self::Events(_) | Self::EventsBy(..) => AliasKind::Events,
            Self::Eid(_) => AliasKind::Eid,
            Self::Owner(_) => AliasKind::Owner,
        }
    }
}

impl fmt::Display for AliasName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().prefix())?;
        match self {
            Self::Type(Some(owner), name) | Self::Available(Some(owner), name) => write!(f, "{owner}/{name}"),
            Self::Type(None, name) | Self::Available(None, name) => f.write_str(name),
            Self::Imsi(owner, imsi) => write!(f, "{}/{imsi}", owner.unwrap_or_default()),
            Self::ImsiOfAnybody(imsi) => f.write_str(imsi),
            Self::Matching(id) | Self::Owner(id) => f.write_str(id),
            Self::Default(eid) | Self::DefaultIdle(eid) | Self::Events(eid) | Self::Eid(eid) => eid.fmt(f),
            Self::Awaited(eid, by) | Self::EventsBy(eid, by) => write!(f, "{eid}/{by}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const EID: &str = "89049032123451234512345678901235";

    /// As databases have them.
    #[test]
    fn names_stay_what_they_are() {
        let iccid: Iccid = "8900101000000000017".parse().unwrap();
        let id: TransactionId = "0A0B".parse().unwrap();
        let eid: Eid = EID.parse().unwrap();
        let event = EventName { eid, owner: "2.999.1".into(), event_id: "E".into() };
        let names = [
            (Name::Order(iccid), "order/8900101000000000017"),
            (Name::Package(iccid), "package/8900101000000000017"),
            (Name::Head(iccid), "head/8900101000000000017"),
            (Name::Session(id), "session/0A0B"),
            (Name::Event(event), "event/89049032123451234512345678901235/2.999.1/E"),
            (Name::EventOfAnybody(eid, "E".into()), "event/89049032123451234512345678901235/E"),
            (Name::Config("seal"), "config/seal"),
        ];
        for (name, text) in names {
            assert_eq!(name.to_string(), text);
            assert_eq!(Kind::of(text).map(|(kind, _)| kind), Some(name.kind()));
            assert_eq!(Name::order_of(text).is_some(), name.kind() == Kind::Order);
        }
        let aliases = [
            (AliasName::Type(Some("2.999.1"), "a"), "type/2.999.1/a"),
            (AliasName::Type(None, "a"), "type/a"),
            (AliasName::Available(Some("2.999.1"), "a"), "available/2.999.1/a"),
            (AliasName::Available(None, "a"), "available/a"),
            (AliasName::Imsi(Some("2.999.1"), "00101"), "imsi/2.999.1/00101"),
            (AliasName::Imsi(None, "00101"), "imsi//00101"),
            (AliasName::ImsiOfAnybody("00101"), "imsi/00101"),
            (AliasName::Awaited(eid, "2.999.1"), "awaited/89049032123451234512345678901235/2.999.1"),
            (AliasName::Default(eid), "default/89049032123451234512345678901235"),
            (AliasName::DefaultIdle(eid), "default-idle/89049032123451234512345678901235"),
            (AliasName::Matching("A-B"), "matching/A-B"),
            (AliasName::Events(eid), "events/89049032123451234512345678901235"),
            (AliasName::EventsBy(eid, "2.999.1"), "events/89049032123451234512345678901235/2.999.1"),
            (AliasName::Eid(eid), "eid/89049032123451234512345678901235"),
            (AliasName::Owner("2.999.1"), "owner/2.999.1"),
        ];
        for (alias, text) in aliases {
            assert_eq!(alias.to_string(), text);
            assert!(alias.kind().has(text));
        }
        assert_eq!(AliasKind::Code.prefix(), "code/");
        assert_eq!((Kind::of("orders/1"), Kind::of("order")), (None, None));
    }
}
