//! ES10b.CancelSession.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    const F: &str = Function::CancelSession.name();
    type Reason = CancelSessionReason;
    vec![
        case(F, "ok: endUserRejection (0)", "user_says_no", || {
            cancels(after_authentication, 7, Reason::endUserRejection)
        }),
        case(F, "ok: postponed (1)", "user_says_later", || {
            cancels(after_authentication, 7, Reason::postponed)
        }),
        case(F, "ok: timeout (2)", "user_says_nothing", || cancels(after_authentication, 7, Reason::timeout)),
        case(F, "ok: pprNotAllowed (3)", "policy_rules_are_not_allowed", || {
            cancels(after_authentication, 7, Reason::pprNotAllowed)
        }),
        case(F, "ok: metadataMismatch (4)", "metadata_differs", || {
            cancels(after_authentication, 7, Reason::metadataMismatch)
        }),
        case(F, "ok: loadBppExecutionError (5)", "load_fails_half_way", || {
            let half_way = |forge: &mut Forge| {
                let pieces = forge.parcel().pieces();
                assert_eq!(forge.load(&pieces[..3]), Ok(Vec::new()));
            };
            cancels(half_way, 7, Reason::loadBppExecutionError)
        }),
        case(F, "ok: undefinedReason (127)", "no_reason_given", || {
            cancels(after_authentication, 7, Reason::undefinedReason)
        }),
        case(F, "invalidTransactionId (5)", "of_another_transaction", || {
            cancels(after_authentication, 8, Reason::endUserRejection)
        }),
        case(F, "invalidTransactionId (5)", "without_a_session", || {
            cancels(|_| {}, 7, Reason::endUserRejection)
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}

fn cancels(prepare: fn(&mut Forge), tid: u8, reason: CancelSessionReason) -> String {
    let mut forge = Forge::new();
    prepare(&mut forge);
    let request = CancelSessionRequest { transaction_id: TransactionId::new(&[tid; 16]), reason };
    match read(&forge.es10(&encode(&request))) {
        Ok(CancelSessionResponse::CancelSessionResponseOk(ok)) => {
            format!("ok: {}", ok.euicc_cancel_session_signed.reason)
        }
        Ok(CancelSessionResponse::CancelSessionResponseError(code)) => match code {
            5 => "invalidTransactionId (5)".to_string(),
            other => other.to_string(),
        },
        Err(other) => other,
    }
}

fn after_authentication(forge: &mut Forge) {
    forge.offer();
}
