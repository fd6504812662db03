//! ES10a: configured addresses (SGP.22 5.7.3, 5.7.4).

use super::decode;
use crate::apdu::Status;
use crate::card::{Card, Env};
use crate::memory::Draft;
use alloc::vec::Vec;
use esim_rsp::encode;
use esim_rsp::es10a::{
    EuiccConfiguredAddressesRequest, EuiccConfiguredAddressesResponse, SetDefaultDpAddressRequest,
    SetDefaultDpAddressResponse,
};

impl Card {
    pub(super) fn get_euicc_configured_addresses(&self, chain: &[u8]) -> Result<Vec<u8>, Status> {
        decode::<EuiccConfiguredAddressesRequest>(chain)?;
        let address = &self.state.default_dp_address;
        Ok(encode(&EuiccConfiguredAddressesResponse {
            default_dp_address: (!address.is_empty()).then(|| address.clone()),
            root_ds_address: self.personal.root_ds_address.clone(),
        }))
    }

    pub(super) fn set_default_dp_address(
        &mut self,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        let request: SetDefaultDpAddressRequest = decode(chain)?;
        let fits = request.default_dp_address.len() <= 255;
        if fits {
            let mut draft = Draft::new(&self.state);
            draft.state.default_dp_address = request.default_dp_address;
            self.commit(draft, env)?;
        }
        let result = if fits { 0 } else { 127 };
        Ok(encode(&SetDefaultDpAddressResponse { set_default_dp_address_result: result }))
    }
}
