//! Commands whose answer is wanted as the card gives it.

use esim_lpa::manage::{Command, ManageError};
use esim_rsp::codec::{Decode, Encode};
use esim_rsp::es10::Function;
use std::marker::PhantomData;

/// A request with its answer, in which nothing is left out.
pub(super) struct Raw<A> {
    request: Vec<u8>,
    answer: PhantomData<A>,
}

impl<A: Decode> Raw<A> {
    /// A request whose answer is of type `A`.
    pub fn new(request: &impl Encode) -> Self {
        Self { request: esim_rsp::encode(request), answer: PhantomData }
    }
}

impl<A: Decode> Command for Raw<A> {
    type Output = A;

    fn request(&self) -> Vec<u8> {
        self.request.clone()
    }

    fn response(&self, data: &[u8]) -> Result<A, ManageError> {
        esim_rsp::decode(data).map_err(|error| {
            let function = Function::of_command(&self.request).map_or("", Function::name).into();
            ManageError::Malformed { function, detail: error.to_string() }
        })
    }
}
