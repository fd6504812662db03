//! What profiles can be made of, for whoever chooses.

use crate::{Decision, Env, Function, Key, Records, Template};
use alloc::vec::Vec;
use esim_rsp::Error;
use serde::{Deserialize, Serialize};

/// Lists the templates.
#[derive(Clone, Debug)]
pub struct ListTemplates;

/// The templates; they hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTemplatesOk {
    /// By name, those built in first.
    pub templates: Vec<TemplateView>,
    /// What a batch may say of a subscriber.
    pub columns: Vec<ColumnView>,
}

/// A template as JSON has it, with its class beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateView {
    /// `operational`, `provisioning`, `test`.
    pub class: crate::metadata::Class,
    /// The rest.
    #[serde(flatten)]
    pub template: Template,
}

/// A column of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnView {
    /// `iccid`.
    pub name: alloc::string::String,
    /// Other names that it is known by; in all of them case, blanks, `_` and `-` do not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<alloc::string::String>,
    /// What it holds.
    pub form: alloc::string::String,
    /// Whether its values are kept from whoever looks over a shoulder.
    #[serde(default)]
    pub secret: bool,
}

impl Function for ListTemplates {
    type Request = ();
    type Ok = ListTemplatesOk;

    fn read((): ()) -> Result<Self, Error> {
        Ok(Self)
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::new()
    }

    fn decide(&self, _: &Records, env: &mut Env<'_>) -> Decision<ListTemplatesOk> {
        let view = |template: &Template| TemplateView { class: template.class(), template: template.clone() };
        let column = |known: &super::ColumnName| ColumnView {
            name: known.name.into(),
            others: known.others.iter().map(|other| (*other).into()).collect(),
            form: known.form.into(),
            secret: known.is_secret,
        };
        Decision::only(Ok(ListTemplatesOk {
            templates: env.config.templates.iter().map(view).collect(),
            columns: super::COLUMNS.iter().map(column).collect(),
        }))
    }
}
