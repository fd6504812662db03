//! What an operator does beside ES2+: fill the stock, look at orders. No
//! standard describes these; the HTTP service has them under `/esim-lab/`.

mod orders;
mod provision;

pub use orders::{
    ErrandView, FailureView, ListOrders, ListOrdersOk, ListOrdersRequest, OrderView, ShowOrder,
    ShowOrderRequest,
};
pub use provision::{Provision, ProvisionOk, ProvisionRequest};
