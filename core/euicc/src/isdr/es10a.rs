//! ES10a: configured addresses (SGP.22 5.7.3, 5.7.4).

use super::{Isdr, Reply, decode};
use crate::apdu::Status;
use crate::env::Env;
use esim_rsp::check::Rule;
use esim_rsp::es10a::{
    EuiccConfiguredAddressesRequest, EuiccConfiguredAddressesResponse, SetDefaultDpAddressRequest,
    SetDefaultDpAddressResponse,
};

const LENGTH: Rule = Rule::new("SGP.22 5.7.4", "defaultDpAddress has 255 octets at most");

impl Isdr {
    pub(super) fn get_euicc_configured_addresses(&self, chain: &[u8]) -> Result<Reply, Status> {
        decode::<EuiccConfiguredAddressesRequest>(chain)?;
        let address = &self.state.default_dp_address;
        Ok(Reply::of(&EuiccConfiguredAddressesResponse {
            default_dp_address: (!address.is_empty()).then(|| address.clone()),
            root_ds_address: self.personal.root_ds_address.clone(),
        }))
    }

    pub(super) fn set_default_dp_address(
        &mut self,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        let request: SetDefaultDpAddressRequest = decode(chain)?;
        let address = &request.default_dp_address;
        let fits = env.checks.that(&LENGTH, || address, address.len() <= 255);
        if fits {
            let mut draft = self.draft();
            draft.state.default_dp_address = request.default_dp_address;
            self.commit(draft, env)?;
        }
        let result = if fits { 0 } else { 127 };
        Ok(Reply::of(&SetDefaultDpAddressResponse { set_default_dp_address_result: result }))
    }
}
