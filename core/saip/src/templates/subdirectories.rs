//! Directories under an ADF: GSM access, 5G system, SAIP, SNPN, ProSe (annex A.5.4 on) and EAP (A.8).

use super::{FF, Fill, REQUIRED, Row, Shape, ZERO, bt, dir, lf, tr};

/// Security contexts before the second record came in.
pub(super) static NSC_1X57: &[(&str, Shape)] =
    &[("ef-5gs3gppnsc", Shape::Linear(1, 57)), ("ef-5gsn3gppnsc", Shape::Linear(1, 57))];

const GSM_KEY: Fill = Fill::Ending(&[0x07]);
const LOCI_5G: Fill = Fill::Ending(&[0x00, 0x00, 0x00, 0x01]);

#[rustfmt::skip]
pub(super) static GSM_ACCESS: &[Row] = &[
    dir("df-gsm-access", 0x5F3B),
    tr("ef-kc",      0x4F20, 9,  5, 0x01, GSM_KEY).busy(),
    tr("ef-kcgprs",  0x4F52, 9,  5, 0x02, GSM_KEY).busy(),
    tr("ef-cpbcch",  0x4F63, 10, 5, 0, FF).busy(),
    tr("ef-invscan", 0x4F64, 1,  2, 0, ZERO),
];

#[rustfmt::skip]
pub(super) static DF_5GS: &[Row] = &[
    dir("df-df-5gs", 0x5FC0),
    tr("ef-5gs3gpploci",       0x4F01, 20,      5, 0x01, LOCI_5G).busy(),
    tr("ef-5gsn3gpploci",      0x4F02, 20,      5, 0x02, LOCI_5G).busy(),
    lf("ef-5gs3gppnsc",        0x4F03, (2, 62), 5, 0x03, FF).busy(),
    lf("ef-5gsn3gppnsc",       0x4F04, (2, 62), 5, 0x04, FF).busy(),
    tr("ef-5gauthkeys",        0x4F05, 110,     5, 0x05, REQUIRED).busy(),
    tr("ef-uac-aic",           0x4F06, 4,       2, 0x06, REQUIRED),
    tr("ef-suci-calc-info",    0x4F07, 0,       2, 0x07, FF),
    lf("ef-opl5g",             0x4F08, (0, 10), 10, 0x08, FF),
    tr("ef-supinai",           0x4F09, 0,       2, 0x09, REQUIRED),
    tr("ef-routing-indicator", 0x4F0A, 4,       2, 0x0A, Fill::Pattern(&[0xF0, 0xFF])),
    bt("ef-ursp",              0x4F0B,          2, 0),
    tr("ef-tn3gppsnn",         0x4F0C, 1,       2, 0x0C, ZERO),
    tr("ef-cag",               0x4F0D, 2,       2, 0x0D, REQUIRED),
    tr("ef-sor-cmci",          0x4F0E, 0,       2, 0x0E, REQUIRED),
    tr("ef-dri",               0x4F0F, 7,       2, 0x0F, REQUIRED),
    tr("ef-5gsedrx",           0x4F10, 2,       2, 0x10, REQUIRED),
    tr("ef-5gnswo-conf",       0x4F11, 1,       2, 0x11, REQUIRED),
    tr("ef-mchpplmn",          0x4F15, 1,       2, 0x15, REQUIRED),
    tr("ef-kausf-derivation",  0x4F16, 1,       2, 0x16, REQUIRED),
];

#[rustfmt::skip]
pub(super) static DF_SAIP: &[Row] = &[
    dir("df-df-saip", 0x5FD0),
    tr("ef-suci-calc-info-usim", 0x4F01, 0, 3, 0, FF),
];

#[rustfmt::skip]
pub(super) static DF_SNPN: &[Row] = &[
    dir("df-df-snpn", 0x5FE0),
    tr("ef-pws-snpn", 0x4F01, 1, 10, 0, REQUIRED),
];

#[rustfmt::skip]
pub(super) static DF_5G_PROSE: &[Row] = &[
    dir("df-df-5g-prose", 0x5FF0),
    tr("ef-5g-prose-st",    0x4F01, 1,  2, 0x01, REQUIRED),
    tr("ef-5g-prose-dd",    0x4F02, 26, 2, 0x02, REQUIRED),
    tr("ef-5g-prose-dc",    0x4F03, 12, 2, 0x03, REQUIRED),
    tr("ef-5g-prose-u2nru", 0x4F04, 32, 2, 0x04, REQUIRED),
    tr("ef-5g-prose-ru",    0x4F05, 29, 2, 0x05, REQUIRED),
    tr("ef-5g-prose-uir",   0x4F06, 32, 2, 0x06, REQUIRED),
];

#[rustfmt::skip]
pub(super) static EAP: &[Row] = &[
    dir("df-eap", 0),
    tr("ef-eapkeys",   0x4F01, 0, 2, 0, REQUIRED).busy(),
    tr("ef-eapstatus", 0x4F02, 1, 2, 0, ZERO).busy(),
    tr("ef-puid",      0x4F03, 0, 2, 0, REQUIRED),
    tr("ef-ps",        0x4F04, 0, 5, 0, FF).busy(),
    tr("ef-curid",     0x4F20, 0, 5, 0, FF).busy(),
    tr("ef-reid",      0x4F21, 0, 5, 0, REQUIRED),
    tr("ef-realm",     0x4F22, 0, 5, 0, REQUIRED),
];
