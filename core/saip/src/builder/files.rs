//! Template elements by the names of their files.

use alloc::vec;
use alloc::vec::Vec;

use crate::pe::{Fcp, FileElement, PeHeader, TemplateFile, TemplateInstance};
use crate::templates::{self, TEMPLATE_ARCS, Template, access_rule};

/// References of a directory without a second PIN.
pub(super) const PIN1_ADM1: &[u8] = &[0x01, 0x0A];
/// References of an application.
pub(super) const PIN1_PIN2_ADM1: &[u8] = &[0x01, 0x81, 0x0A];

/// Longest of the access rules.
const RULE_LEN: u8 = 33;

/// A template element in the making.
pub(super) struct Files {
    template: &'static Template,
    instance: TemplateInstance,
}

impl Files {
    /// An element for the template with these arcs; `None` if there is no such template.
    pub fn of(arcs: &[u32], identification: u16) -> Option<Self> {
        let oid = [&TEMPLATE_ARCS[..], arcs].concat();
        let template = templates::find(&oid)?;
        let instance = TemplateInstance {
            kind: template.kind,
            header: PeHeader::mandated(identification),
            template: rasn::types::ObjectIdentifier::new(oid)?,
            files: Vec::new(),
        };
        Some(Self { template, instance })
    }

    /// The element, its files in the order of the template.
    pub fn done(mut self) -> TemplateInstance {
        self.instance.files.sort_by_key(|file| file.field);
        self.instance
    }

    /// A directory with the references of its PIN status.
    pub fn directory(self, name: &str, references: &'static [u8]) -> Self {
        self.file(
            name,
            vec![FileElement::Descriptor(Fcp { pin_status: Some(references.into()), ..Fcp::default() })],
        )
    }

    /// An ADF.
    pub fn adf(self, name: &str, fid: u16, aid: &[u8]) -> Self {
        let fcp = Fcp {
            file_id: Some(fid.to_be_bytes().to_vec().into()),
            df_name: Some(aid.to_vec().into()),
            pin_status: Some(PIN1_PIN2_ADM1.into()),
            ..Fcp::default()
        };
        self.file(name, vec![FileElement::Descriptor(fcp)])
    }

    /// A file with everything as the template has it.
    pub fn default(self, name: &str) -> Self {
        self.file(name, vec![FileElement::Descriptor(Fcp::default())])
    }

    /// A file that the template would make.
    pub fn without(self, name: &str) -> Self {
        self.file(name, vec![FileElement::DoNotCreate(())])
    }

    /// A file of the template's size.
    pub fn content(self, name: &str, content: &[u8]) -> Self {
        self.file(
            name,
            vec![FileElement::Descriptor(Fcp::default()), FileElement::Content(content.to_vec().into())],
        )
    }

    /// A transparent file that its content fills.
    pub fn sized(self, name: &str, content: &[u8]) -> Self {
        let fcp = Fcp { size: Some(minimal(content.len())), ..Fcp::default() };
        self.file(name, vec![FileElement::Descriptor(fcp), FileElement::Content(content.to_vec().into())])
    }

    /// A linear fixed file; shorter records are padded with `FF`.
    pub fn records(self, name: &str, record_len: u8, records: &[Vec<u8>]) -> Self {
        let fcp = Fcp {
            file_descriptor: Some(vec![0x42, 0x21, 0x00, record_len].into()),
            size: Some(minimal(usize::from(record_len) * records.len())),
            ..Fcp::default()
        };
        let mut elements = vec![FileElement::Descriptor(fcp)];
        let mut gap = 0;
        for record in records {
            if gap > 0 {
                elements.push(FileElement::Offset(gap));
            }
            elements.push(FileElement::Content(record.clone().into()));
            gap = u16::from(record_len) - record.len().min(usize::from(record_len)) as u16;
        }
        self.file(name, elements)
    }

    /// EF.ARR with the rules that the templates count in.
    pub fn access_rules(self, name: &str) -> Self {
        let rules: Vec<_> = (1..=14).filter_map(access_rule).collect();
        self.records(name, RULE_LEN, &rules)
    }

    fn file(mut self, name: &str, elements: Vec<FileElement>) -> Self {
        let field = self.template.rows.iter().position(|row| row.name == name);
        debug_assert!(field.is_some(), "{name}");
        if let Some(field) = field {
            self.instance.files.push(TemplateFile { field: field as u16, elements });
        }
        self
    }
}

/// A size without leading zeros.
fn minimal(size: usize) -> rasn::types::OctetString {
    let octets = (size as u32).to_be_bytes();
    let start = octets.iter().position(|octet| *octet != 0).unwrap_or(3);
    octets[start..].to_vec().into()
}
