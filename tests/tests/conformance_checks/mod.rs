//! Verifications that no case of the other sections breaks: each broken alone, where the same function succeeds
//! without.

mod card;
mod lpa;
mod net;
mod sm;

use esim_tests::bend::Der;
use esim_tests::conformance::{Row, hold_with_checks};

/// What is done to the signed part of a certificate.
type Bend = fn(&mut Vec<Der>);

#[test]
fn every_check_that_other_cases_leave_alone() {
    let rows: Vec<Row> = [card::rows(), sm::rows(), lpa::rows(), net::rows()].into_iter().flatten().collect();
    hold_with_checks("checks", &rows);
}
