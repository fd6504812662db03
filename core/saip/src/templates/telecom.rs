//! MF, DF.CD, DF.TELECOM and DF.PHONEBOOK (annex A.2 to A.4).

use super::{FF, REQUIRED, Row, ZERO, ZERO_FF, bt, dir, lf, tr};

#[rustfmt::skip]
pub(super) static MF: &[Row] = &[
    dir("mf", 0x3F00),
    tr("ef-pl",     0x2F05, 2,      1, 0x05, FF),
    tr("ef-iccid",  0x2FE2, 10,    11, 0x02, REQUIRED),
    lf("ef-dir",    0x2F00, (0, 0), 10, 0x1E, REQUIRED),
    lf("ef-arr",    0x2F06, (0, 0), 10, 0x06, REQUIRED),
    tr("ef-umpc",   0x2F08, 5,     10, 0x08, REQUIRED),
];

#[rustfmt::skip]
pub(super) static CD: &[Row] = &[
    dir("df-cd", 0x7F11),
    tr("ef-launchpad", 0x6F01, 0, 2, 0, REQUIRED),
    tr("ef-icon",      0x6F40, 0, 2, 0, REQUIRED),
];

#[rustfmt::skip]
pub(super) static TELECOM: &[Row] = &[
    dir("df-telecom", 0x7F10),
    lf("ef-arr",          0x6F06, (0, 0),  10, 0, REQUIRED),
    lf("ef-rma",          0x6F53, (0, 0),   3, 0, REQUIRED),
    tr("ef-sume",         0x6F54, 22,       3, 0, REQUIRED),
    lf("ef-ice-dn",       0x6FE0, (50, 24), 9, 0, FF),
    lf("ef-ice-ff",       0x6FE1, (0, 0),   9, 0, FF),
    lf("ef-psismsc",      0x6FE5, (0, 0),   5, 0, REQUIRED),
    dir("df-graphics", 0x5F50),
    lf("ef-img",          0x4F20, (0, 0),   2, 0, ZERO_FF),
    tr("ef-iidf",         0x4F40, 0,        2, 0, FF),
    bt("ef-ice-graphics", 0x4F21,           9, 0),
    tr("ef-launch-scws",  0x4F01, 0,       10, 0, REQUIRED),
    tr("ef-icon",         0x4F80, 0,       10, 0, REQUIRED),
    PHONEBOOK[0], PHONEBOOK[1], PHONEBOOK[2], PHONEBOOK[3], PHONEBOOK[4], PHONEBOOK[5], PHONEBOOK[6], PHONEBOOK[7],
    PHONEBOOK[8], PHONEBOOK[9], PHONEBOOK[10], PHONEBOOK[11], PHONEBOOK[12], PHONEBOOK[13], PHONEBOOK[14], PHONEBOOK[15],
    PHONEBOOK[16], PHONEBOOK[17],
    dir("df-multimedia", 0x5F3B),
    bt("ef-mml",          0x4F47,           5, 0),
    bt("ef-mmdf",         0x4F48,           5, 0),
    dir("df-mmss", 0x5F3C),
    tr("ef-mlpl",         0x4F20, 0,        2, 0x01, REQUIRED),
    tr("ef-mspl",         0x4F21, 0,        2, 0x02, REQUIRED),
    tr("ef-mmssmode",     0x4F22, 1,        2, 0x03, REQUIRED),
    dir("df-mcs", 0x5F3D),
    tr("ef-mst",          0x4F01, 0,        2, 0x01, REQUIRED),
    bt("ef-mcs-config",   0x4F02,           2, 0x02),
    dir("df-v2x", 0x5F3E),
    tr("ef-vst",          0x4F01, 0,        2, 0x01, REQUIRED),
    bt("ef-v2x-config",   0x4F02,           2, 0x02),
    tr("ef-v2xp-pc5",     0x4F03, 0,        2, 0, REQUIRED),
    tr("ef-v2xp-Uu",      0x4F04, 0,        2, 0, REQUIRED),
];

/// Where a field may bring several files, the FID is that of the first.
#[rustfmt::skip]
pub(super) static PHONEBOOK: &[Row; 18] = &[
    dir("df-phonebook", 0x5F3A),
    lf("ef-pbr",   0x4F30, (0, 0),  2, 0, REQUIRED),
    lf("ef-ext1",  0x4F38, (0, 13), 5, 0, ZERO_FF),
    lf("ef-aas",   0x4F40, (0, 0),  5, 0, FF),
    lf("ef-gas",   0x4F48, (0, 0),  5, 0, FF),
    tr("ef-psc",   0x4F22, 4,       5, 0, ZERO),
    tr("ef-cc",    0x4F23, 2,       5, 0, ZERO).busy(),
    tr("ef-puid",  0x4F24, 2,       5, 0, ZERO).busy(),
    lf("ef-iap",   0x4F50, (0, 0),  5, 0, FF),
    lf("ef-adn",   0x4F58, (0, 0),  5, 0, FF),
    lf("ef-pbc",   0x4F60, (0, 2),  5, 0, ZERO),
    lf("ef-anr",   0x4F68, (0, 0),  5, 0, FF),
    lf("ef-puri",  0x4F70, (0, 0),  5, 0, REQUIRED),
    lf("ef-email", 0x4F78, (0, 0),  5, 0, FF),
    lf("ef-sne",   0x4F80, (0, 0),  5, 0, FF),
    lf("ef-uid",   0x4F88, (0, 2),  5, 0, ZERO),
    lf("ef-grp",   0x4F90, (0, 0),  5, 0, ZERO),
    lf("ef-ccp1",  0x4F98, (0, 0),  5, 0, FF),
];
