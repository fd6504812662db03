use super::*;
use esim_saip::image::{Algorithm as Used, NaaKind};
use esim_saip::{Capabilities, Package, resolve};

const ICCID: &str = "8900101000000000017";

fn image(template: &Template, subscriber: &Subscriber) -> esim_saip::Image {
    let generated = template.generate(ICCID.parse().unwrap(), subscriber, &Drawn::sample()).unwrap();
    resolve(&Package::parse(generated.upp.expose()).unwrap(), Capabilities::default()).unwrap()
}

#[test]
fn those_built_in_are_sound_and_survive_json() {
    for template in built_in() {
        template.check().unwrap();
        let json = serde_json::to_vec(&template).unwrap();
        assert_eq!(read(&json).unwrap(), [template]);
    }
    let list = serde_json::to_vec(&built_in()).unwrap();
    assert_eq!(read(&list).unwrap(), built_in());
}

#[test]
fn profiles_are_what_their_class_promises() {
    let all = built_in();
    let of = |name: &str| all.iter().find(|template| template.name == name).unwrap();
    let kinds = |image: &esim_saip::Image| image.naas.iter().map(|naa| naa.kind).collect::<Vec<_>>();
    let operational = image(of("operational"), &of("operational").sample());
    assert_eq!(kinds(&operational), [NaaKind::Usim, NaaKind::Isim]);
    let provisioning = image(of("provisioning"), &of("provisioning").sample());
    assert_eq!(kinds(&provisioning), [NaaKind::Usim]);
    let test = image(of("test"), &of("test").sample());
    let known =
        test.naas.iter().all(|naa| matches!(naa.aka.as_ref().unwrap().algorithm, Used::UsimTest { .. }));
    assert!(known);
    let concealed = image(of("operational-5g"), &of("operational-5g").sample());
    assert!(matches!(concealed.naas[0].aka.as_ref().unwrap().algorithm, Used::Tuak { .. }));
    assert!(concealed.file(&[0x3F00, 0x7FD0, 0x5FC0, 0x4F07]).is_some(), "EF.SUCI_Calc_Info");
}

#[test]
fn unsound_templates_are_refused_with_their_name() {
    use crate::metadata::Rule;
    let refused = |change: &dyn Fn(&mut Template)| {
        let mut template = Template::new("bent");
        change(&mut template);
        let error = template.check().unwrap_err().to_string();
        assert!(error.starts_with("template "), "{error}");
        error
    };
    let class = |class| move |template: &mut Template| template.metadata.profile_class = class;
    for (why, change) in [
        ("its name", &(|t: &mut Template| t.name = "a b".into()) as &dyn Fn(&mut Template)),
        ("no algorithm", &|t: &mut Template| t.algorithms.clear()),
        ("usim-test alone", &class(Class::Test)),
        ("no ISIM", &class(Class::Provisioning)),
        ("usim-test is for", &|t: &mut Template| t.algorithms.push(Algorithm::UsimTest)),
        ("policy rules", &|t: &mut Template| {
            t.isim = false;
            t.metadata.profile_class = Class::Provisioning;
            t.metadata.profile_policy_rules.push(Rule::Ppr1);
        }),
        ("home_network_keys", &|t: &mut Template| {
            t.home_network_keys.push(HomeNetworkKey { identifier: 1, scheme: 1, key: "00".into() });
        }),
        ("languages", &|t: &mut Template| t.languages.push("EN".into())),
        ("profileName", &|t: &mut Template| t.metadata.profile_name = "x".repeat(65)),
        ("mnc_len", &|t: &mut Template| t.mnc_length = 4),
    ] {
        let error = refused(change);
        assert!(error.contains(why), "{error}");
    }
    assert!(read(br#"{"name": "a", "colour": 1}"#).unwrap_err().to_string().contains("colour"));
}

#[test]
fn a_template_takes_the_place_of_its_namesake() {
    let mut templates = built_in();
    let own = Template { mnc_length: 3, ..Template::new("operational") };
    add(&mut templates, Vec::from([own])).unwrap();
    assert_eq!(templates.len(), built_in().len());
    assert_eq!(templates.iter().find(|t| t.name == "operational").unwrap().mnc_length, 3);
}
