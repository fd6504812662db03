//! Guests: whoever comes may be an operator for a while, where the host has it so. A guest has an OID of its own
//! ([`esim_smdp::guest`]), which says until when it is, and a token for it, which nobody keeps: a JSON Web Token (RFC
//! 7519) with a MAC (HS256) under a key that comes from that of the records. It is an operator like any other, but for
//! this: it has so many orders and no more, and has this server call nobody.

use crate::outcome::{Note, Rejection, Served};
use crate::read::method_is;
use crate::token::{Claims, TokenError};
use crate::{Fault, Host, HttpRequest, HttpResponse, Limited, Rate};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;
use core::str::FromStr;
use esim_rsp::address::same_address;
use esim_rsp::{Code, Error, Refusal};
use esim_smdp::{Record, Records, Write, guest};
use serde::Serialize;

/// Where guests come in.
pub(crate) const PATH: &str = "/esim-lab/guests";
/// What tokens of guests begin with, and no others: `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";

/// What a guest may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guests {
    /// Orders, in all.
    orders: u32,
    /// Hours, from its coming on.
    hours: u32,
}

/// A text that is no [`Guests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not such as `20 orders, 24 h`: 1 to {} orders, 1 to {} hours",
    Guests::MOST_ORDERS,
    Guests::MOST_HOURS
)]
pub struct NoGuests;

impl Guests {
    /// More is no trial.
    const MOST_ORDERS: u32 = 500;
    /// Shorter than it is known what has been used up ([`Rate::REMEMBERED`]).
    const MOST_HOURS: u32 = 30 * 24;
}

impl FromStr for Guests {
    type Err = NoGuests;

    /// `20 orders, 24 h`, and nothing else.
    fn from_str(text: &str) -> Result<Self, NoGuests> {
        let (orders, hours) = text.split_once(" orders, ").ok_or(NoGuests)?;
        let hours = hours.strip_suffix(" h").ok_or(NoGuests)?;
        let number = |digits: &str, most: u32| {
            let number = digits.parse().ok().filter(|number| (1..=most).contains(number));
            number.filter(|number| number.to_string() == digits).ok_or(NoGuests)
        };
        Ok(Self { orders: number(orders, Self::MOST_ORDERS)?, hours: number(hours, Self::MOST_HOURS)? })
    }
}

impl fmt::Display for Guests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} orders, {} h", self.orders, self.hours)
    }
}

/// What whoever looks in is told of guests.
#[derive(Serialize)]
struct Offer {
    orders: u32,
    hours: u32,
}

/// Who has come.
#[derive(Serialize)]
struct Arrived {
    oid: String,
    token: String,
    orders: u32,
    expires: u64,
}

/// GET says whether guests are taken, and what each may have (204: they are not); POST makes one. Neither takes a
/// credential.
pub(crate) fn serve<H: Host>(request: &HttpRequest, host: &H) -> Result<Served, Rejection> {
    let guests = host.admittance().guests;
    if request.method == "GET" {
        return match guests {
            None => Ok(HttpResponse::empty(204).into()),
            Some(Guests { orders, hours }) => Ok(Served::success(Offer { orders, hours }, Note::default())),
        };
    }
    method_is(request, "POST", host.checks())?;
    let guests = guests.ok_or_else(Rejection::unknown)?;
    if !request.body.is_empty() {
        return Err(Rejection::malformed(Error::text(
            "guests say nothing of themselves: leave the body out",
        )));
    }
    let arrived = arrive(guests, host)?;
    let outcome = Some(format!("guest {}", arrived.oid));
    Ok(Served::success(arrived, Note { outcome, ..Note::default() }))
}

fn arrive<H: Host>(guests: Guests, host: &H) -> Result<Arrived, Fault> {
    let iat = host.now();
    let expires = iat.saturating_add(u64::from(guests.hours) * 3600);
    let random = host.with_rngs(|rng, _| [rng.next_u32(), rng.next_u32(), rng.next_u32()]);
    let oid = guest::oid(expires, random).ok_or_else(|| Fault::new("the clock is beyond 2106"))?;
    let claims = Claims { iss: oid.clone(), aud: host.config().smdp_address.clone(), iat, exp: expires };
    let signed = format!("{HEADER}{}", URL_SAFE_NO_PAD.encode(esim_rsp::json::to_vec(&claims)));
    let mac = URL_SAFE_NO_PAD.encode(host.vault().mac_token(signed.as_bytes()));
    Ok(Arrived { oid, token: format!("{signed}.{mac}"), orders: guests.orders, expires })
}

/// Whether a bearer credential is a guest's token, sound or not.
pub(crate) fn is_token(credential: &str) -> bool {
    credential.starts_with(HEADER)
}

/// The OID of the guest whose token this is.
///
/// # Errors
/// Why it is not taken, in a sentence.
pub(crate) fn verify<H: Host>(token: &str, host: &H) -> Result<String, String> {
    if host.admittance().guests.is_none() {
        return Err("this server takes no guests".into());
    }
    let claims = claims(token, host).map_err(|error| error.to_string())?;
    if !same_address(&host.config().smdp_address, &claims.aud) {
        return Err(TokenError::Audience(claims.aud).to_string());
    }
    match guest::ends_at(&claims.iss).filter(|end| *end == claims.exp) {
        None => Err(TokenError::Issuer(claims.iss).to_string()),
        Some(end) if end <= host.now() => {
            Err("the time of this guest is over, and its orders have ended with it: come as a new one".into())
        }
        Some(_) => Ok(claims.iss),
    }
}

fn claims<H: Host>(token: &str, host: &H) -> Result<Claims, TokenError> {
    let (signed, mac) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
    if !host.vault().is_mac_of_token(signed.as_bytes(), &decode(mac)?) {
        return Err(TokenError::Signature);
    }
    let claims = signed.strip_prefix(HEADER).ok_or(TokenError::Algorithm)?;
    esim_rsp::json::parse_request(&decode(claims)?).map_err(|_| TokenError::Malformed)
}

/// Why an order of a guest is not made.
pub(crate) enum Unpaid {
    /// It has had all of its orders.
    UsedUp(Refusal),
    /// Nobody can count.
    Fault(Fault),
}

/// Takes every order that a decision makes from what its guest may have, before it is committed. `paid` orders of it have
/// been taken before, when others were faster.
pub(crate) async fn pay<H: Host>(
    commit: &[Write],
    records: &Records,
    paid: &mut usize,
    host: &H,
) -> Result<(), Unpaid> {
    let Some(guests) = host.admittance().guests else { return Ok(()) };
    let new = commit.iter().filter_map(|write| match write {
        Write::Put(Record::Order(order)) if records.order(&order.iccid).is_none() => order.whose(),
        _ => None,
    });
    for oid in new.filter(|oid| guest::is(oid)).skip(*paid) {
        match host.take(&format!("guest/{oid}"), Rate::once(guests.orders)).await {
            Ok(()) => *paid += 1,
            Err(Limited::Wait(_)) => return Err(Unpaid::UsedUp(used_up(guests))),
            Err(Limited::Failed(fault)) => return Err(Unpaid::Fault(fault)),
        }
    }
    Ok(())
}

fn used_up(guests: Guests) -> Refusal {
    let detail = format!(
        "A guest may have {} orders, and this one has had them: what is there can still be used; more has who comes as a \
         new guest, or as an operator",
        guests.orders
    );
    Refusal::of(Code::FunctionRequesterNotAllowed).because(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guests_have_is_said_in_one_form() {
        let guests: Guests = "20 orders, 24 h".parse().unwrap();
        assert_eq!((guests, guests.to_string().parse()), (Guests { orders: 20, hours: 24 }, Ok(guests)));
        assert!("1 orders, 1 h".parse::<Guests>().is_ok() && "500 orders, 720 h".parse::<Guests>().is_ok());
        for text in [
            "",
            "20",
            "20 orders",
            "24 h",
            "on",
            "0 orders, 24 h",
            "20 orders, 0 h",
            "501 orders, 24 h",
            "20 orders, 721 h",
            "20 orders,24 h",
            "20 orders, 24h",
            " 20 orders, 24 h",
            "20 orders, 24 h ",
            "+20 orders, 24 h",
            "020 orders, 24 h",
            "20 orders, 1 d",
            "-1 orders, 24 h",
        ] {
            assert_eq!(text.parse::<Guests>(), Err(NoGuests), "{text:?}");
        }
        assert_eq!(NoGuests.to_string(), "not such as `20 orders, 24 h`: 1 to 500 orders, 1 to 720 hours");
    }

    #[test]
    fn the_header_says_hs256() {
        let header = URL_SAFE_NO_PAD.decode(HEADER.trim_end_matches('.')).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }
}
