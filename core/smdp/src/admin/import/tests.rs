use super::*;

#[test]
fn no_two_columns_share_a_name() {
    let names: Vec<_> =
        COLUMNS.iter().flat_map(|known| core::iter::once(&known.name).chain(known.others)).collect();
    for (place, known) in COLUMNS.iter().enumerate() {
        for name in core::iter::once(&known.name).chain(known.others) {
            assert_eq!(Column::of(&name.to_uppercase()), Some(known.column), "{name}");
        }
        // The order of the enumeration is that of the table, which digests and reports rely on.
        assert_eq!(known.column as usize, place);
    }
    let distinct: alloc::collections::BTreeSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn rows_go_to_json_and_back() {
    let mut row = Row::new(7);
    row.set(Column::Iccid, " 8900101000000000017 ");
    row.set(Column::PolicyRules, "ppr1 ppr2");
    row.set(Column::Spn, "");
    let json = serde_json::to_string(&row).unwrap();
    assert_eq!(json, r#"{"line":7,"iccid":"8900101000000000017","policyRules":"ppr1 ppr2"}"#);
    assert_eq!(serde_json::from_str::<Row>(&json).unwrap(), row);
    assert!(!format!("{row:?}").contains("8900"));
}

#[test]
fn what_is_wrong_with_the_json_of_a_row_is_its_own_flaw() {
    let flaw = |json: &str| serde_json::from_str::<Row>(json).unwrap().flaw().cloned().unwrap();
    assert_eq!(flaw(r#"{"imsi": 1010123456789}"#), Flaw::of(Column::Imsi, "is not text: put it in quotes"));
    assert_eq!(flaw(r#"{"ki": {"a": ["secret"]}}"#).column, Some(Column::Ki));
    assert_eq!(flaw(r#"{"policyRules": ["ppr1", 17]}"#).column, Some(Column::PolicyRules));
    assert_eq!(flaw(r#"{"colour": "red", "ki": 1.5}"#).reason, "there is no column \"colour\"");
    assert!(flaw(r#"{"spn": "a", "SPN": "b"}"#).reason.contains("twice"));
    let sound: Row =
        serde_json::from_str(r#"{"policyRules": ["ppr1", "ppr2"], "mncLength": 3, "spn": null}"#).unwrap();
    assert_eq!(
        (sound.get(Column::PolicyRules), sound.get(Column::MncLength)),
        (Some("ppr1 ppr2"), Some("3"))
    );
    assert_eq!(sound.flaw(), None);
    assert!(serde_json::from_str::<Row>("7").is_err());
}
