//! What an operator does beside ES2+: fill the stock, look at orders. No
//! standard describes these; the HTTP service has them under `/esim-lab/`.

mod audit;
mod cell;
mod import;
mod orders;
mod provision;
mod report;
mod templates;

pub use audit::{Audit, AuditOk, AuditRequest, HistoryView};
pub use cell::{of_cell, to_cell};
pub use import::{
    COLUMNS, Column, ColumnName, Flaw, Import, ImportOk, ImportRequest, ROW_LIMIT, Row, RowOutcome,
    RowResult, prepare,
};
pub use orders::{
    ErrandView, FailureView, ListOrders, ListOrdersOk, ListOrdersRequest, OrderView, ShowOrder,
    ShowOrderRequest,
};
pub use provision::{Provision, ProvisionOk, ProvisionRequest};
pub use report::{Report, ReportOk, ReportRow};
pub use templates::{ColumnView, ListTemplates, ListTemplatesOk, TemplateView};
